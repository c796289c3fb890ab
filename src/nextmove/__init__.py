"""nextmove: B2B sales KPIs that end in an action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nextmove.company import open as open

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:  # Any: whatever is exported
    """`nextmove.open`, imported when it is used: it brings the database in."""
    if name == "open":
        from nextmove.company import open as open_company

        return open_company
    raise AttributeError(f"module 'nextmove' has no attribute {name!r}")
