"""Asking a new edition what people ask first, before they do: their start pages, once for each reach.

What is asked less often and takes longer — the reasons of the changes, the pages of the scorecard's KPIs — follows when
readers have changed over, at half pace, so that who is reading meanwhile hardly notices.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial

from django.db import connection

from nextmove.app import numbers
from nextmove.app.alerts import listed
from nextmove.app.edition import Edition
from nextmove.app.goals import selected
from nextmove.app.models import User
from nextmove.app.pages.changes import change_page, changes_page
from nextmove.app.pages.customer_rhythm import customer_rhythm
from nextmove.app.pages.kpi import kpi_page
from nextmove.app.pages.kpis import kpis_page
from nextmove.app.pages.pipeline import pipeline_page
from nextmove.app.pages.scorecard import LEADING, scorecard_page
from nextmove.app.pages.today import today_page
from nextmove.app.visit import Visit, visit_by
from nextmove.errors import UserError

MOST_PEOPLE = 100
MOST_CHANGES = 50
log = logging.getLogger(__name__)


def warm(edition: Edition) -> None:
    """What readers ask first; they change over to the edition when this is done."""
    try:
        customer_rhythm(edition)
        for visit in _visits(edition):
            _tried(visit, partial(_pages, visit))
    finally:
        connection.close()


def warm_the_rest(edition: Edition, is_current: Callable[[], bool]) -> None:
    """What they may ask next, for as long as this is the current edition."""
    try:
        for visit in _visits(edition):
            for ask in _rest(visit):
                if not is_current():
                    return
                started = time.perf_counter()
                _tried(visit, ask)
                time.sleep(time.perf_counter() - started)
    finally:
        connection.close()


def _visits(edition: Edition) -> Iterator[Visit]:
    """One for each reach and role of those who came last."""
    met = set()
    for user in User.objects.filter(is_active=True).order_by("-last_login")[:MOST_PEOPLE]:
        visit = visit_by(user, edition)
        if (visit.reach, user.role) not in met:
            met.add((visit.reach, user.role))
            yield visit


def _tried(visit: Visit, ask: Callable[[], object]) -> None:
    """A page that cannot be told now will say so to its reader."""
    try:
        ask()
    except UserError:
        return
    except Exception:
        log.exception("a page of %s could not be made ready", visit.user)


def _rest(visit: Visit) -> Iterator[Callable[[], object]]:
    for alert in listed(visit, closed=False)[:MOST_CHANGES]:
        yield partial(change_page, visit, alert.alert_id)
    yield partial(pipeline_page, visit)
    within = {kpi.id for kpi in numbers.kpis_within_reach(visit)}
    for kpi in selected().all:
        if kpi in within:
            yield partial(kpi_page, visit, kpi, {})


def _pages(visit: Visit) -> None:
    """The pages on which a day begins."""
    kpis_page(visit)
    changes_page(visit)
    if visit.user.kind.may_open("today"):
        today_page(visit)
    if visit.user.kind.may_open("scorecard"):
        scorecard_page(visit)
    for kpi in dict.fromkeys((LEADING, *selected().primary[:1])):
        kpi_page(visit, kpi, {})
