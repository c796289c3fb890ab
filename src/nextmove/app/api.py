"""The API: everything on a page, as JSON, with the same scope.

Each answer is the dataclass that the page's template gets, so the two cannot drift apart. Sign in as on the pages; what a
person may not see is 404 here as well.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Query, Schema
from ninja.renderers import BaseRenderer
from ninja.security import django_auth

from nextmove import __version__
from nextmove.app import failures, numbers, predicted
from nextmove.app.pages.changes import ChangePage, ChangesPage, change_page, changes_page
from nextmove.app.pages.customer import CustomerPage, customer_page
from nextmove.app.pages.customers import CustomersPage, Search, customers_page
from nextmove.app.pages.data import DataPage, data_page
from nextmove.app.pages.definitions import DefinitionsPage, definitions_page
from nextmove.app.pages.forecast import ForecastPage, forecast_page
from nextmove.app.pages.funnel import FunnelPage, funnel_page
from nextmove.app.pages.gap import GapPage, gap_page
from nextmove.app.pages.goals import GoalsPage, choose, goals_page
from nextmove.app.pages.kpi import KpiPage, kpi_page
from nextmove.app.pages.kpis import KpisPage, kpis_page
from nextmove.app.pages.leads import LeadsPage, leads_page
from nextmove.app.pages.leavers import LeaversPage, leavers_page
from nextmove.app.pages.marketing import MarketingPage, marketing_page
from nextmove.app.pages.peers import PeersPage, peers_page
from nextmove.app.pages.pipeline import PipelinePage, pipeline_page
from nextmove.app.pages.products import ProductPage, ProductsPage, product_page, products_page
from nextmove.app.pages.products import Search as ProductSearch
from nextmove.app.pages.rightness import RightnessPage, rightness_page
from nextmove.app.pages.scorecard import ScorecardPage, scorecard_page
from nextmove.app.pages.targets import TargetsPage, remove_one, set_one, targets_page
from nextmove.app.pages.today import MoveList, TodayPage, decide, move_list, today_page
from nextmove.app.pages.why import WhyPage, why_page
from nextmove.app.visit import visit_of
from nextmove.errors import UserError
from nextmove.kpis import Question
from nextmove.kpis.goals import Selection, suggested
from nextmove.kpis.movement import Moved, pipeline_movement


class Renderer(BaseRenderer):
    """JSON with money as numbers, days as ISO 8601 and texts in their own letters."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:  # Any: an answer
        return json.dumps(plain(data), ensure_ascii=False)


def plain(value: Any) -> Any:  # Any: an answer, and JSON
    """An answer as JSON's own types."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, frozenset, set)):
        return [plain(each) for each in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


api = NinjaAPI(title="nextmove", version=__version__, auth=django_auth, renderer=Renderer(), urls_namespace="api", docs_url=None)


class Told(Schema):
    """An error: what, where, and what to try."""

    error: str
    where: str | None = None
    hint: str | None = None


class Deciding(Schema):
    """What goes with a decision."""

    days: int = 7
    reason: str = ""
    outcome: str = ""


class Named(Schema):
    """Which target: of the period that holds `day`; `whom` is `rep:R07`, `team:North`, …, or empty for the company."""

    kpi: str
    grain: str = "month"
    calendar: str = "gregorian"
    day: str
    whom: str = ""


class Wanted(Named):
    """A target and its value."""

    value: Decimal


class Choosing(Schema):
    """A goal; its own KPIs where none are named."""

    goal: str
    primary: tuple[str, ...] = ()
    secondary: tuple[str, ...] = ()


class Asked(Schema):
    """Which values of a KPI."""

    grain: str | None = None
    by: str = ""
    where: tuple[str, ...] = ()
    start: dt.date | None = None
    end: dt.date | None = None
    calendar: str = "gregorian"
    versus: str | None = None
    basis: str | None = None
    option: tuple[str, ...] = ()


@api.get("/today", response={200: Any, 404: Told}, summary="The moves of the day and four KPIs", tags=["moves"])
def today(request: HttpRequest, rep: str = "", view: str = "open") -> TodayPage:
    return today_page(visit_of(request, "today"), rep=rep, view=view)


@api.get("/moves", response={200: Any, 404: Told}, summary="The list of moves", tags=["moves"])
def moves(request: HttpRequest, rep: str = "", view: str = "open") -> MoveList:
    return move_list(visit_of(request, "today"), rep=rep, view=view)


@api.post("/moves/{key}/{verb}", response={200: Any, 400: Told, 404: Told}, summary="accept, snooze, dismiss, done or undo", tags=["moves"])
def move(request: HttpRequest, key: str, verb: str, body: Deciding) -> MoveList:
    visit = visit_of(request, "today")
    decide(visit, key, verb, days=body.days, reason=body.reason, outcome=body.outcome)
    return move_list(visit)


@api.get("/scorecard", response={200: Any, 404: Told}, summary="KPIs against target, and a line a representative", tags=["KPIs"])
def scorecard(request: HttpRequest, grain: str = "month") -> ScorecardPage:
    return scorecard_page(visit_of(request, "scorecard"), grain=grain)


@api.get("/targets", response={200: Any, 404: Told}, summary="Targets within reach", tags=["KPIs"])
def targets(request: HttpRequest, only: str = "") -> TargetsPage:
    return targets_page(visit_of(request, "targets"), {"only": only})


@api.post("/targets", response={200: Any, 400: Told, 404: Told, 423: Told}, summary="Set a target", tags=["KPIs"])
def set_target(request: HttpRequest, body: Wanted) -> TargetsPage:
    visit = visit_of(request, "targets")
    set_one(visit, {**body.dict(exclude={"value"}), "value": str(body.value)})
    return targets_page(visit, {"only": body.kpi})


@api.delete("/targets", response={200: Any, 400: Told, 404: Told, 423: Told}, summary="Take a target away", tags=["KPIs"])
def remove_target(request: HttpRequest, body: Named) -> TargetsPage:
    visit = visit_of(request, "targets")
    remove_one(visit, body.dict())
    return targets_page(visit, {"only": body.kpi})


@api.get("/goals", response={200: Any, 404: Told}, summary="The company's goal and what can be chosen", tags=["KPIs"])
def goals(request: HttpRequest) -> GoalsPage:
    return goals_page(visit_of(request, "goals"))


@api.post("/goals", response={200: Any, 400: Told, 404: Told}, summary="Choose the company's goal and its KPIs", tags=["KPIs"])
def choose_goal(request: HttpRequest, body: Choosing) -> GoalsPage:
    visit = visit_of(request, "goals")
    own = suggested(body.goal, numbers.catalogue())
    choose(visit, Selection(body.goal, body.primary or own.primary, body.secondary or own.secondary))
    return goals_page(visit)


@api.get("/changes", response={200: Any}, summary="What changed: alerts, the largest first", tags=["changes"])
def changes(request: HttpRequest, view: str = "open") -> ChangesPage:
    return changes_page(visit_of(request, "changes"), view=view)


@api.get("/changes/{alert_id}", response={200: Any, 404: Told}, summary="One change: what, why, the next move", tags=["changes"])
def change(request: HttpRequest, alert_id: str) -> ChangePage:
    return change_page(visit_of(request, "changes"), alert_id)


@api.get("/kpis", response={200: Any}, summary="All KPIs, and what each lacks", tags=["KPIs"])
def kpis(request: HttpRequest) -> KpisPage:
    return kpis_page(visit_of(request, "kpis"))


@api.get("/kpis/{kpi}", response={200: Any, 404: Told}, summary="One KPI as its page shows it", tags=["KPIs"])
def kpi(request: HttpRequest, kpi: str, grain: str = "", calendar: str = "", by: str = "", where: str = "", all: str = "") -> KpiPage:
    return kpi_page(visit_of(request, "kpis"), kpi, {"grain": grain, "calendar": calendar, "by": by, "where": where, "all": all})


@api.get("/kpis/{kpi}/values", response={200: Any, 400: Told, 404: Told, 409: Told}, summary="Values of a KPI", tags=["KPIs"])
def kpi_values(request: HttpRequest, kpi: str, asked: Query[Asked]) -> list[dict[str, Any]]:  # Any: a value
    """A list of flat objects, as `nextmove kpi ID --format json` prints them."""
    visit = visit_of(request, "kpis")
    known = numbers.kpi_within_reach(visit, kpi)
    question = Question(
        kpi=known.id,
        grain=asked.grain,
        by=tuple(name for name in asked.by.split(",") if name),
        where=tuple(_pair(each) for each in asked.where),
        start=asked.start,
        end=asked.end,
        calendar=asked.calendar,
        versus=asked.versus,
        basis=asked.basis,
        options=dict(_pair(each, "option=churn_window_months=6") for each in asked.option),
    )
    return numbers.flat(visit, question)


def _pair(text: str, example: str = "where=region=North") -> tuple[str, str]:
    name, equals, member = text.partition("=")
    if not equals:
        raise UserError(f"{text!r} is not of the form name=value.", hint=example)
    return name, member


@api.get("/kpis/{kpi}/why", response={200: Any, 400: Told, 404: Told, 409: Told}, summary="Why a KPI moved", tags=["KPIs"])
def why(request: HttpRequest, kpi: str, period: str = "", versus: str = "previous", where: str = "") -> WhyPage:
    return why_page(visit_of(request, "kpis"), kpi, {"period": period, "versus": versus, "where": where})


@api.get("/kpis/{kpi}/definitions", response={200: Any, 404: Told}, summary="A KPI under other definitions", tags=["KPIs"])
def definitions(request: HttpRequest, kpi: str, grain: str = "", calendar: str = "", where: str = "") -> DefinitionsPage:
    return definitions_page(visit_of(request, "kpis"), kpi, {"grain": grain, "calendar": calendar, "where": where})


@api.get("/customers", response={200: Any}, summary="Customers within reach", tags=["customers"])
def customers(request: HttpRequest, q: str = "", state: str = "", sort: str = "net", page: str = "1") -> CustomersPage:
    return customers_page(visit_of(request, "customers"), Search.read({"q": q, "state": state, "sort": sort, "page": page}))


@api.get("/customers/{account_id}", response={200: Any, 404: Told}, summary="One customer, all round", tags=["customers"])
def customer(request: HttpRequest, account_id: str) -> CustomerPage:
    return customer_page(visit_of(request, "customers"), account_id)


@api.get("/predictions/{task}", response={200: Any, 404: Told}, summary="Predictions within reach, best first", tags=["predictions"])
def predictions(request: HttpRequest, task: str, account: str = "", most: int = 100) -> list[dict[str, Any]]:  # Any: a cell
    """Flat rows as `nextmove predict` writes them, of the published edition."""
    return predicted.rows_within_reach(visit_of(request, "customers"), task, account=account, most=max(1, most))


@api.get("/leads", response={200: Any, 404: Told}, summary="Open leads, best first", tags=["leads"])
def leads(request: HttpRequest, grade: str = "", page: str = "1") -> LeadsPage:
    return leads_page(visit_of(request, "leads"), {"grade": grade, "page": page})


@api.get("/products", response={200: Any, 404: Told}, summary="Products within reach", tags=["products"])
def products(request: HttpRequest, q: str = "", sort: str = "net", page: str = "1") -> ProductsPage:
    return products_page(visit_of(request, "products"), ProductSearch.read({"q": q, "sort": sort, "page": page}))


@api.get(
    "/products/{product_id}", response={200: Any, 404: Told}, summary="One product: who dropped it, whom to offer it", tags=["products"]
)
def product(request: HttpRequest, product_id: str) -> ProductPage:
    return product_page(visit_of(request, "products"), product_id)


@api.get("/funnel", response={200: Any, 404: Told}, summary="Which step of the funnel leaks or slows", tags=["questions"])
def funnel(request: HttpRequest) -> FunnelPage:
    return funnel_page(visit_of(request, "funnel"))


@api.get("/peers", response={200: Any, 404: Told}, summary="Who differs from their peers beyond chance", tags=["questions"])
def peers(request: HttpRequest) -> PeersPage:
    return peers_page(visit_of(request, "peers"))


@api.get("/leavers", response={200: Any, 404: Told}, summary="What customers who left have in common", tags=["questions"])
def leavers(request: HttpRequest) -> LeaversPage:
    return leavers_page(visit_of(request, "leavers"))


@api.get("/marketing", response={200: Any, 404: Told}, summary="What campaigns bring, what bleeds, the persona", tags=["marketing"])
def marketing(request: HttpRequest, by: str = "campaign", only: str = "") -> MarketingPage:
    return marketing_page(visit_of(request, "marketing"), by=by, only=only)


@api.get("/how-right", response={200: Any, 404: Told}, summary="Each prediction tried on the company's own past", tags=["predictions"])
def how_right(request: HttpRequest) -> RightnessPage:
    return rightness_page(visit_of(request, "rightness"))


@api.get("/pipeline", response={200: Any}, summary="What is open, what moved it, which deals are stuck", tags=["pipeline"])
def pipeline(request: HttpRequest, grain: str = "quarter") -> PipelinePage:
    return pipeline_page(visit_of(request, "pipeline"), grain=grain)


@api.get("/pipeline/movement", response={200: Any, 400: Told}, summary="What moved the pipeline between two days", tags=["pipeline"])
def pipeline_moved(request: HttpRequest, start: dt.date, end: dt.date, by: str = "") -> list[Moved]:
    """Flat rows as `nextmove pipeline --format json` prints them; what may be seen is within reach."""
    visit = visit_of(request, "pipeline")
    edition = visit.edition
    return pipeline_movement(edition.engine, start=start, end=end, as_of=edition.as_of, by=by or None, scope=visit.reach.scope)


@api.get("/gap", response={200: Any, 404: Told}, summary="What is missing to the target, and who can close it", tags=["KPIs"])
def gap(request: HttpRequest, kpi: str = "", grain: str = "") -> GapPage:
    return gap_page(visit_of(request, "gap"), kpi=kpi, grain=grain)


@api.get("/forecast", response={200: Any}, summary="Sales by month ahead, with bands, and past forecasts", tags=["predictions"])
def forecast(request: HttpRequest, kpi: str = "", cut: str = "", member: str = "") -> ForecastPage:
    return forecast_page(visit_of(request, "forecast"), kpi=kpi, cut=cut, member=member)


@api.get("/data", response={200: Any, 404: Told}, summary="Loads, freshness, and what is missing", tags=["data"])
def data(request: HttpRequest) -> DataPage:
    return data_page(visit_of(request, "data"))


@api.exception_handler(UserError)
def refused(request: HttpRequest, error: UserError) -> HttpResponse:
    return failures.as_json(error)
