"""The dimensions that numbers are cut by: under which column a fact holds them, and where else they hang.

A fact that has the column is cut by its own; otherwise the dimension is looked up over a key that is unique in its table,
so that no join can multiply rows. A missing value is the member `(unknown)`.
"""

from __future__ import annotations

from dataclasses import dataclass

from nextmove.errors import UnknownName

UNKNOWN = "(unknown)"


@dataclass(frozen=True)
class Dimension:
    """One dimension; `table` and `key` say where it is looked up when a fact does not hold it itself."""

    name: str
    column: str
    table: str | None = None
    key: str | None = None
    names: str | None = None  # the table whose `name` column names the members


DIMENSIONS: tuple[Dimension, ...] = (
    Dimension("rep", "rep_id", names="reps"),
    Dimension("team", "team", "reps", "rep_id"),
    Dimension("region", "region", "accounts", "account_id"),
    Dimension("country", "country", "accounts", "account_id"),
    Dimension("channel", "channel", "accounts", "account_id"),
    Dimension("segment", "segment", "accounts", "account_id"),
    Dimension("industry", "industry", "accounts", "account_id"),
    Dimension("product", "product_id", names="products"),
    Dimension("category", "category", "products", "product_id"),
    Dimension("brand", "brand", "products", "product_id"),
    Dimension("initiative", "initiative"),
    Dimension("source", "source"),
    Dimension("campaign", "campaign_id", names="campaigns"),
    Dimension("contact_method", "contact_method"),
    Dimension("stage", "stage"),
    Dimension("competitor", "competitor"),
    Dimension("loss_reason", "loss_reason"),
    Dimension("cancel_reason", "cancel_reason"),
    Dimension("landing_page", "landing_page"),
    Dimension("response_band", "response_band"),
    Dimension("network", "network"),
    Dimension("kind", "kind"),
    Dimension("account", "account_id", names="accounts"),
)
_BY_NAME = {dimension.name: dimension for dimension in DIMENSIONS}


def dimension(name: str) -> Dimension:
    """The dimension of that name."""
    if name not in _BY_NAME:
        raise UnknownName("dimension", name, _BY_NAME)
    return _BY_NAME[name]
