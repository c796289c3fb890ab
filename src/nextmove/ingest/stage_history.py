"""The history of deals whose source keeps none: what a load changes in a deal is kept as stage changes.

A system that knows only today's stage and amount tells its history by being loaded again. The replaced rows of `opportunities` lie in
`history`, so the changes of a deal follow from its versions alone: made anew for the deals that a load or an undo met, they are
the same however often, and an undo takes them back. A change happened when the source says (`modified_at`, or `closed_at` where the deal
was decided), else when it was loaded; what stood before it stood since the deal's creation. How a deal left its last open stage is told by
its closing, not by a stage: a decided deal stays in the last stage that it was open in.

Stage changes that a file tells win: of a deal that has some, only what happened after the last of them is added. A row that was found so
has the number of its batch with a minus.
"""

from __future__ import annotations

from nextmove.engine import DuckDBEngine
from nextmove.ingest.merge import touch
from nextmove.ingest.warehouse import LINEAGE
from nextmove.tables import table

_VERSION = f"opportunity_id, created_at, closed_at, modified_at, status, stage, amount, currency, {LINEAGE}"

# Deals that a batch met and that have more than one version, or had some.
_MET = f"""create or replace temp table met as
    select opportunity_id from (
        select opportunity_id from main.opportunities where {LINEAGE} = {{batch}}
        union select opportunity_id from main.stage_changes where {LINEAGE} = {{batch}}
        union select opportunity_id from history.opportunities where {LINEAGE} = {{batch}} or _replaced_by = {{batch}}
        union select opportunity_id from history.stage_changes where {LINEAGE} = {{batch}} or _replaced_by = {{batch}}) as named
    where opportunity_id in (
        select opportunity_id from history.opportunities
        union all select opportunity_id from main.stage_changes where {LINEAGE} < 0)"""

# The versions of each deal, one a moment, with the last open stage of a decided one, and amounts of today's currency only.
_VERSIONS = f"""create or replace temp table versions as
    with stored as (
        select {_VERSION} from main.opportunities where opportunity_id in (from met)
        union all select {_VERSION} from history.opportunities where opportunity_id in (from met)),
    placed as (
        select stored.*, batches.loaded_at, row_number() over deal as place, lag(status) over deal as status_before
        from stored join main.batches on batches.batch = stored.{LINEAGE}
        window deal as (partition by opportunity_id order by stored.{LINEAGE})),
    dated as (
        select *, max(case
            when place = 1 then created_at
            when status <> 'open' and status_before = 'open' and closed_at is not null then least(closed_at, loaded_at)
            else least(coalesce(modified_at, loaded_at), loaded_at) end) over deal as moment,
        last_value(case when status = 'open' or place = 1 then stage end ignore nulls) over deal as open_stage,
        last_value(currency) over (deal rows between unbounded preceding and unbounded following) as last_currency
        from placed window deal as (partition by opportunity_id order by place))
    select opportunity_id, moment, {LINEAGE}, open_stage as stage, stage as last_told,
        case when currency is not distinct from last_currency then amount end as amount
    from dated
    qualify row_number() over (partition by opportunity_id, moment order by place desc) = 1"""

_FROM_FILES = f"""create or replace temp table from_files as
    select opportunity_id, min(changed_at) as first_at, max(changed_at) as last_at, arg_min_null(from_stage, changed_at) as first_stage,
        arg_max_null(to_stage, changed_at) as last_stage, count(amount) as amounts
    from main.stage_changes where {LINEAGE} > 0 and opportunity_id in (from met) group by opportunity_id"""

_CHANGES = """create or replace temp table changes as
    select changed.*
    from (
        select *, lag(stage) over deal as from_stage, lag(amount) over deal as from_amount, row_number() over deal as place
        from versions window deal as (partition by opportunity_id order by moment)) as changed
    left join from_files using (opportunity_id)
    where place > 1 and (stage is distinct from from_stage or amount is distinct from from_amount or stage is distinct from last_told)
        and (last_at is null or (moment > last_at and (stage is distinct from last_stage or amount is distinct from from_amount)))"""

# What stood from the creation on comes first: without it the amount of today would stand for the past.
_TOLD = f"""create or replace temp table told as
    select opportunity_id, moment as changed_at, from_stage, stage as to_stage, amount, -{LINEAGE} as {LINEAGE} from changes
    union all
    select first.opportunity_id, first.moment, coalesce(first_stage, first.stage), coalesce(first_stage, first.stage), first.amount,
        -met.since
    from (select * from versions qualify row_number() over (partition by opportunity_id order by moment) = 1) as first
    join (select opportunity_id, min({LINEAGE}) as since from changes group by opportunity_id) as met using (opportunity_id)
    left join from_files using (opportunity_id)
    where coalesce(amounts, 0) = 0 and (first_at is null or first.moment < first_at)"""

_COLUMNS = f"opportunity_id, changed_at, from_stage, to_stage, amount, {LINEAGE}"
_STORED = f"select {_COLUMNS} from main.stage_changes where {LINEAGE} < 0 and opportunity_id in (from met)"


def note_met_deals(engine: DuckDBEngine, batch: int) -> None:
    """Which deals the batch met; before an undo this must be asked while its rows are there."""
    engine.execute(_MET.format(batch=batch))


def keep_stage_history(engine: DuckDBEngine, *, batch: int) -> int:
    """Make the found changes of the met deals anew; `batch` is the load or undo that touches them. Returns how many are new."""
    if not _count(engine, "met"):
        return 0
    for statement in (_VERSIONS, _FROM_FILES, _CHANGES, _TOLD):
        engine.execute(statement)
    engine.execute(f"create or replace temp table outdated as ({_STORED}) except (select {_COLUMNS} from told)")
    engine.execute(f"create or replace temp table found as (select {_COLUMNS} from told) except ({_STORED})")
    engine.execute(
        f"delete from main.stage_changes as old using outdated as o where old.{LINEAGE} = o.{LINEAGE}"
        " and old.opportunity_id = o.opportunity_id and old.changed_at = o.changed_at"
    )
    engine.execute(f"insert into main.stage_changes ({_COLUMNS}) select {_COLUMNS} from found")
    for source in ("outdated", "found"):
        touch(engine, table("stage_changes"), batch=batch, source=source)
    return _count(engine, f"found where {LINEAGE} = -{batch} and from_stage is distinct from to_stage")


def _count(engine: DuckDBEngine, rows: str) -> int:
    return int(engine.connection.execute(f"select count(*) from {rows}").fetchall()[0][0])
