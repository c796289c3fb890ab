"""Asking a new edition what people ask first, before they do: their start pages, once for each reach."""

from __future__ import annotations

import logging

from django.db import connection

from nextmove.app.edition import Edition
from nextmove.app.models import User
from nextmove.app.pages.customer_rhythm import customer_rhythm
from nextmove.app.pages.kpi import kpi_page
from nextmove.app.pages.kpis import kpis_page
from nextmove.app.pages.scorecard import LEADING, PRIMARY, scorecard_page
from nextmove.app.pages.today import today_page
from nextmove.app.visit import Visit, visit_by

MOST_PEOPLE = 100
log = logging.getLogger(__name__)


def warm(edition: Edition) -> None:
    try:
        customer_rhythm(edition)
        met = set()
        for user in User.objects.filter(is_active=True).order_by("-last_login")[:MOST_PEOPLE]:
            visit = visit_by(user, edition)
            if (visit.reach, user.role) not in met:
                met.add((visit.reach, user.role))
                _pages(visit)
    finally:
        connection.close()


def _pages(visit: Visit) -> None:
    """The pages on which a day begins; one that cannot be told now will say so to its reader."""
    try:
        kpis_page(visit)
        if visit.user.kind.may_open("today"):
            today_page(visit)
        if visit.user.kind.may_open("scorecard"):
            scorecard_page(visit)
        for kpi in (LEADING, *PRIMARY[:1]):
            kpi_page(visit, kpi, {})
    except Exception:
        log.exception("the pages of %s could not be made ready", visit.user)
