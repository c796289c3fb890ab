"""Every address of the app, in one list."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from nextmove.app import failures, signin
from nextmove.app.api import api
from nextmove.app.pages import (
    changes,
    customer,
    customers,
    data,
    definitions,
    forecast,
    funnel,
    gap,
    goals,
    kpi,
    kpis,
    leads,
    leavers,
    marketing,
    peers,
    pipeline,
    products,
    rightness,
    scorecard,
    targets,
    today,
    why,
)

urlpatterns = [
    path("", signin.start, name="start"),
    path("sign-in", signin.SignIn.as_view(), name="sign-in"),
    path("sign-out", LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path("today", today.today, name="today"),
    path("moves/<slug:key>/<slug:verb>", today.decide_view, name="move"),
    path("scorecard", scorecard.scorecard, name="scorecard"),
    path("scorecard/people.csv", scorecard.scorecard_file, name="scorecard-file"),
    path("targets", targets.targets, name="targets"),
    path("settings/goals", goals.goals, name="goals"),
    path("data", data.data, name="data"),
    path("data/rejects/<int:batch>.csv", data.rejects_file, name="rejects"),
    path("changes", changes.changes, name="changes"),
    path("changes/<slug:alert_id>", changes.change, name="change"),
    path("kpis", kpis.kpis, name="kpis"),
    path("kpis/<str:identifier>", kpi.kpi, name="kpi"),
    path("kpis/<str:identifier>/glance", kpis.glance, name="glance"),
    path("kpis/<str:identifier>/why", why.why, name="why"),
    path("kpis/<str:identifier>/definitions", definitions.definitions, name="definitions"),
    path("kpis/<str:identifier>/values.csv", kpi.kpi_file, name="kpi-file"),
    path("customers", customers.customers, name="customers"),
    path("customers/<str:account_id>", customer.customer, name="customer"),
    path("customers/<str:account_id>/items.csv", customer.items_file, name="customer-items"),
    path("forecast", forecast.forecast, name="forecast"),
    path("leads", leads.leads, name="leads"),
    path("leads.csv", leads.leads_file, name="leads-file"),
    path("products", products.products, name="products"),
    path("products/<str:product_id>", products.product, name="product"),
    path("gap", gap.gap, name="gap"),
    path("gap/people.csv", gap.gap_file, name="gap-file"),
    path("funnel", funnel.funnel_view, name="funnel"),
    path("peers", peers.peers_view, name="peers"),
    path("leavers", leavers.leavers_view, name="leavers"),
    path("marketing", marketing.marketing, name="marketing"),
    path("how-right", rightness.rightness, name="rightness"),
    path("pipeline", pipeline.pipeline, name="pipeline"),
    path("pipeline/movement.csv", pipeline.movement_file, name="pipeline-file"),
    path("api/", api.urls),
    path("language", signin.choose_language, name="language"),
]
handler403 = failures.forbidden
handler404 = failures.not_found
handler500 = failures.server_error
