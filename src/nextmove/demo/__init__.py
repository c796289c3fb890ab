"""The demo company: a B2B distributor with every table of the data model and planted stories that a good system finds."""

from nextmove.demo.export import export_tables
from nextmove.demo.plan import DEFAULT_AS_OF, DEFAULT_LINES, Plan
from nextmove.demo.signins import DemoPerson, demo_people
from nextmove.demo.workspace import STORIES_FILE, clear_demo, make_demo

__all__ = [
    "DEFAULT_AS_OF",
    "DEFAULT_LINES",
    "STORIES_FILE",
    "DemoPerson",
    "Plan",
    "clear_demo",
    "demo_people",
    "export_tables",
    "make_demo",
]
