"""Campaigns: one per channel and quarter, some for an initiative, and one that will turn out to bleed money."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns
from nextmove.demo.clock import Clock
from nextmove.demo.plan import Ints, Names, Plan
from nextmove.demo.products import INITIATIVES

CHANNELS = ("search", "linkedin", "webinar", "event", "email")
QUARTER_DAYS, RUNS_DAYS = 91, 75
BLEEDING_DAYS = 130  # before the last day the bleeding campaign begins
BLEEDING_ID = "M900"


@dataclass(frozen=True)
class Campaigns:
    """All campaigns; the bleeding one is the last."""

    ids: Names
    channel: Ints
    started: Ints
    ended: Ints
    initiative: Ints
    running: Ints  # channel × day: the campaign that runs, -1 for none

    @property
    def bleeding(self) -> int:
        return len(self.ids) - 1

    def of(self, channel: Ints, day: Ints) -> Ints:
        """The campaign of a channel (-1 for none) on a day."""
        return np.where(channel < 0, -1, self.running[channel, day])


def campaigns(plan: Plan) -> Campaigns:
    """Run a campaign in each channel in each quarter."""
    random = plan.random("campaigns")
    quarters = -(-plan.days // QUARTER_DAYS)
    channel = np.append(np.tile(np.arange(len(CHANNELS)), quarters), CHANNELS.index("search"))
    started = np.repeat(np.arange(quarters) * QUARTER_DAYS, len(CHANNELS)) + random.integers(0, 12, len(channel) - 1)
    started = np.append(started, plan.days - 1 - BLEEDING_DAYS).clip(0, plan.days - 1)
    ended = started + RUNS_DAYS
    ended[-1] = plan.days + 1
    running = np.full((len(CHANNELS), plan.days), -1)
    for number in range(len(channel) - 1):
        running[channel[number], started[number] : ended[number]] = number
    return Campaigns(
        ids=np.array([*(f"M{n + 1:03d}" for n in range(len(channel) - 1)), BLEEDING_ID], dtype=object),
        channel=channel,
        started=started,
        ended=ended,
        initiative=np.where(random.random(len(channel)) < 0.25, random.integers(0, len(INITIATIVES), len(channel)), -1),
        running=running,
    )


def table(running: Campaigns, clock: Clock) -> pa.Table:
    """The rows of `campaigns`."""
    titles = [f"{CHANNELS[c].capitalize()} {clock.day(d):%B %Y}" for c, d in zip(running.channel, running.started, strict=True)]
    return pa.table(
        {
            "campaign_id": pa.array(running.ids),
            "name": pa.array(titles),
            "channel": columns.coded(running.channel, CHANNELS),
            "initiative": columns.coded(running.initiative, INITIATIVES),
            "started_on": columns.days(clock.start, running.started),
            "ended_on": columns.days(clock.start, running.ended, missing=running.ended >= clock.days),
        }
    )
