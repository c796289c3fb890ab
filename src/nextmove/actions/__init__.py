"""Actions: what a representative does next, and why it is worth it.

One kind a file, in the list below; `find_actions` writes the table `main.actions` of an edition, `journal` keeps what people decided.
"""

from nextmove.actions.contract import ActionKind
from nextmove.actions.cross_sell import CrossSell
from nextmove.actions.deal_stuck import DealStuck
from nextmove.actions.deal_without_activity import DealWithoutActivity
from nextmove.actions.declining_customer import DecliningCustomer
from nextmove.actions.lead_without_response import LeadWithoutResponse
from nextmove.actions.margin_erosion import MarginErosion
from nextmove.actions.price_gap import PriceGap
from nextmove.actions.reorder_due import ReorderDue
from nextmove.actions.silent_customer import SilentCustomer
from nextmove.actions.stopped_item import StoppedItem

KINDS: tuple[type[ActionKind], ...] = (
    SilentCustomer,
    DecliningCustomer,
    StoppedItem,
    CrossSell,
    ReorderDue,
    MarginErosion,
    PriceGap,
    LeadWithoutResponse,
    DealWithoutActivity,
    DealStuck,
)

__all__ = ["KINDS", "ActionKind"]
