"""How to get in touch with a lead next: the way of a first contact after which the most leads of its source were accepted by sales.

Shares of a source's leads by way of first contact, drawn towards that way's share over all sources by the weight of twenty leads; leads
younger than the time that acceptance takes are not counted. Nothing is said before some way was tried twenty times.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from nextmove.engine import Engine, literal
from nextmove.predictions.groups import Numbers

WEIGHT = 20  # leads that all sources together weigh in each source's share; as many must a way have been tried
SETTLED_DAYS = 60

_TRIED = """
with contacts as (
    select lead_id, kind, row_number() over (partition by lead_id order by started_at, activity_id) as place
    from facts.activities
    where lead_id is not null and customer_facing and day <= {as_of}
)
select coalesce(lead.source, '') as source, contact.kind, count(*) as tried,
    sum(case when lead.sql_day <= {as_of} then 1 else 0 end) as accepted
from contacts as contact
join facts.leads as lead on lead.lead_id = contact.lead_id
where contact.place = 1 and lead.day <= {settled}
group by coalesce(lead.source, ''), contact.kind
order by 1, 2
"""


def best_contact(engine: Engine, as_of: dt.date, sources: pa.ChunkedArray) -> pa.Array:
    """The way for each lead, given its source; null where the past does not tell."""
    settled = as_of - dt.timedelta(days=SETTLED_DAYS)
    rows = engine.query(_TRIED.format(as_of=literal(as_of), settled=literal(settled)))
    if not rows.num_rows:
        return pa.nulls(len(sources), pa.string())
    kinds, names = (rows[name].combine_chunks().dictionary_encode() for name in ("kind", "source"))
    shape = (len(names.dictionary) + 1, len(kinds.dictionary))
    tried, accepted = (_table(rows[name], names, kinds, shape) for name in ("tried", "accepted"))
    best = _best(tried, accepted)
    places = pa.compute.index_in(pa.compute.fill_null(sources, ""), names.dictionary).combine_chunks().fill_null(len(names.dictionary))
    chosen = best[places.to_numpy(zero_copy_only=False)]
    return kinds.dictionary.take(pa.array(chosen, mask=chosen < 0))


def _table(values: pa.ChunkedArray, names: pa.DictionaryArray, kinds: pa.DictionaryArray, shape: tuple[int, int]) -> Numbers:
    """Sources × ways; the last row stands for sources that nobody has tried."""
    filled = np.zeros(shape)
    filled[names.indices.to_numpy(), kinds.indices.to_numpy()] = values.to_numpy()
    return filled


def _best(tried: Numbers, accepted: Numbers) -> np.ndarray:
    """The best way for each row; −1 where no way was tried often enough."""
    total, hits = tried.sum(axis=0), accepted.sum(axis=0)
    overall = hits / np.maximum(total, 1)
    share = (accepted + WEIGHT * overall) / (tried + WEIGHT)
    share[:, total < WEIGHT] = -1.0
    return np.where(share.max(axis=1) < 0, -1, share.argmax(axis=1))
