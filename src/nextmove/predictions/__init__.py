"""Who buys next, and what: one file a task, one contract (`contract.py`), one suite of tests that each passes by being in this list."""

from __future__ import annotations

from nextmove.errors import UnknownName
from nextmove.predictions.clv import CustomerValue
from nextmove.predictions.contract import Fitted, Learnt, Prediction
from nextmove.predictions.cross_sell import CrossSell
from nextmove.predictions.customers import Customers
from nextmove.predictions.deals import Deals
from nextmove.predictions.forecast import Forecast
from nextmove.predictions.items import Items
from nextmove.predictions.leads import Leads
from nextmove.predictions.next_order import NextOrder
from nextmove.predictions.price import Price
from nextmove.predictions.reorder import Reorder

TASKS: tuple[type[Prediction], ...] = (Customers, Items, CrossSell, Reorder, NextOrder, CustomerValue, Leads, Deals, Forecast, Price)

__all__ = ["TASKS", "Fitted", "Learnt", "Prediction", "task_called"]


def task_called(name: str) -> type[Prediction]:
    """The task of that name, as `nextmove predict` has it."""
    tasks = {task.task: task for task in TASKS}
    if name not in tasks:
        raise UnknownName("prediction", name, tasks)
    return tasks[name]
