"""nextmove: B2B sales KPIs that end in an action."""

__version__ = "0.1.0"
