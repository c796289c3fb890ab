"""The representatives: teams and managers, some stronger than others, some who left and were followed by others.

What a representative is like is not in the data, only what follows from it: how often they call, how fast they answer a
lead, how much discount they give, how many deals they win.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from nextmove.demo import columns, names
from nextmove.demo.clock import Clock
from nextmove.demo.plan import Floats, Ints, Names, Plan

HEAD = 0  # the head of sales is the first row, then a manager for each team


@dataclass(frozen=True)
class People:
    """All representatives: the head, the managers, those who sell, those who left."""

    ids: Names
    name: Names
    team: Ints
    region: Ints
    manager: Ints  # index, -1 for the head
    hired: Ints  # day number, may be before the start
    left: Ints  # day number, or the number of days where still there
    sells: Ints  # indices of those who sell today
    before: Ints  # whom each representative followed, -1 for nobody
    strength: Floats
    diligence: Floats
    generosity: Floats
    response_hours: Floats


def people(plan: Plan) -> People:
    """Hire the representatives of the plan."""
    random = plan.random("people")
    region = _regions(plan, random)
    managers = 1 + len(names.teams())
    sellers, leavers = plan.reps, max(1, plan.reps // 7)
    count = managers + sellers + leavers
    team_of_region = np.array([names.teams().index(r.team) for r in names.regions()])
    team = np.concatenate([[-1], np.arange(len(names.teams())), team_of_region[region]])
    hired = random.integers(-2500, -60, count)
    left = np.full(count, plan.days)
    before = np.full(count, -1)
    gone = np.arange(managers + sellers, count)
    followers = managers + random.choice(sellers, leavers, replace=False)
    left[gone] = random.integers(plan.days // 5, plan.days * 4 // 5, leavers)
    hired[followers] = left[gone] + random.integers(3, 20, leavers)
    before[followers] = gone
    place = np.concatenate([[-1], _home(managers - 1), region])
    place[gone], team[gone] = place[followers], team[followers]
    return People(
        ids=np.array([f"R{n + 1:03d}" for n in range(count)], dtype=object),
        name=names.people(random, place),
        team=team,
        region=place,
        manager=np.concatenate([[-1], np.zeros(managers - 1, dtype=int), 1 + team[managers:]]),
        hired=hired,
        left=left,
        sells=np.arange(managers, managers + sellers),
        before=before,
        strength=random.lognormal(0, 0.22, count),
        diligence=random.lognormal(0, 0.25, count),
        generosity=random.normal(0, 0.012, count),
        response_hours=random.lognormal(np.log(3.0), 0.7, count),
    )


def on_duty(staff: People, rep: Ints, day: Floats) -> Ints:
    """The representative of those days: before one was hired, the one who was followed."""
    earlier = (day < staff.hired[rep]) & (staff.before[rep] >= 0)
    return np.where(earlier, staff.before[rep], rep)


def _regions(plan: Plan, random: np.random.Generator) -> Ints:
    """A region for each who sells (every region has one), then for each who left (filled in from their follower)."""
    weight = np.array([region.weight for region in names.regions()])
    sure = np.arange(len(weight))
    drawn = random.choice(len(weight), plan.reps - len(weight), p=weight / weight.sum())
    return np.concatenate([np.sort(np.concatenate([sure, drawn])), np.zeros(max(1, plan.reps // 7), dtype=int)])


def _home(count: int) -> Ints:
    """The region in which each team's manager sits."""
    by_name = [region.team for region in names.regions()]
    return np.array([by_name.index(team) for team in names.teams()[:count]])


def table(staff: People, clock: Clock) -> pa.Table:
    """The rows of `reps`."""
    region_names = [region.name for region in names.regions()]
    return pa.table(
        {
            "rep_id": pa.array(staff.ids),
            "name": pa.array(staff.name),
            "email": pa.array([f"{rep.lower()}@demo.example" for rep in staff.ids]),
            "team": columns.coded(staff.team, names.teams()),
            "manager_id": columns.coded(staff.manager, staff.ids),
            "region": columns.coded(np.where(np.arange(len(staff.ids)) <= len(names.teams()), -1, staff.region), region_names),
            "hired_on": columns.days(clock.start, staff.hired),
            "left_on": columns.days(clock.start, staff.left, missing=staff.left >= clock.days),
        }
    )
