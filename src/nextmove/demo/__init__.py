"""The demo company: a B2B distributor with every table of the data model and planted stories that a good system finds."""

from nextmove.demo.plan import DEFAULT_AS_OF, DEFAULT_LINES, Plan
from nextmove.demo.workspace import clear_demo, make_demo

__all__ = ["DEFAULT_AS_OF", "DEFAULT_LINES", "Plan", "clear_demo", "make_demo"]
