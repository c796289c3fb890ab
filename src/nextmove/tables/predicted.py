"""What predictions tell numbers: tables that a refresh writes and KPIs read, beside the canonical ones.

Predictions are made of facts, so they cannot be facts themselves. What a KPI needs of them stands in `main`: empty in a warehouse
(nobody has predicted yet), filled in an edition. So every fact over them can be read everywhere, and a KPI that needs one says so.
"""

from __future__ import annotations

from collections.abc import Mapping

from nextmove.tables.declared import Column, Kind, Table

PREDICTED: tuple[Table, ...] = (
    # The expected net sales and gross profit of each customer over the next 36 months, as valued at the end of `valued_on`: the ends of
    # the months so far, and the day of the numbers.
    Table(
        "account_values",
        (
            Column("valued_on", Kind.DAY),
            Column("account_id", Kind.TEXT),
            Column("profit", Kind.SCORE),
            Column("sales", Kind.SCORE),
            Column("profit_discounted", Kind.SCORE),
            Column("sales_discounted", Kind.SCORE),
        ),
    ),
    # The chance that a lead becomes a customer, as it looked when it came, by what was learnt from the leads decided by `learnt_on`.
    Table("lead_quality", (Column("lead_id", Kind.TEXT), Column("learnt_on", Kind.DAY), Column("chance", Kind.SCORE))),
    # The chance of each deal that is open at the end of `scored_on` to be won, as told on that day: kept from edition to edition.
    Table("deal_chances", (Column("opportunity_id", Kind.TEXT), Column("scored_on", Kind.DAY), Column("chance", Kind.SCORE))),
    # What the best customers have in common: members of an attribute that are found among them more often than among all.
    Table(
        "learnt_persona",
        (
            Column("attribute", Kind.TEXT),
            Column("member", Kind.TEXT),
            Column("customers", Kind.COUNT),
            Column("best", Kind.COUNT),
            Column("share_of_customers", Kind.SCORE),
            Column("share_of_best", Kind.SCORE),
            Column("lift", Kind.SCORE),
            Column("profit_per_customer", Kind.SCORE),
            Column("belongs", Kind.FLAG),
        ),
    ),
)

PREDICTED_NAMES = frozenset(table.name for table in PREDICTED)

# The table that each prediction fills. A KPI that needs one says so as `prediction.clv`.
FILLED_BY: Mapping[str, str] = {
    "clv": "account_values",
    "leads": "lead_quality",
    "deals": "deal_chances",
    "persona": "learnt_persona",
}
