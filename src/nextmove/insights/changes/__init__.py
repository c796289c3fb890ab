"""What changed in a company: all stored KPI values watched, few alerts kept as states, grouped under their causes.

The refresh calls one function on the edition it is making, after the KPI values stand:

    detect_changes(engine, catalogue, settings, as_of=day, earlier=None) -> dict[str, str]

It writes `main.alerts` (one row an alert, open or closed), `main.alert_gate` (what of the last load looks late, short or odd,
and from which day on numbers are held back) and returns what stays silent and why ({} if nothing does), like the other steps.
`earlier` is `main.alerts` of the edition before as an Arrow table (None: take the engine's own, which an incremental
refresh carries forward, else there is none); its alerts keep their ids and the day on which they were first told. `since` is the first day
whose rows may differ from when these alerts were found: where all that is watched lies before it and is the same, they stand as they are.
`find_changes(…)` is the same without writing, for an edition that was published without alerts.
"""

from nextmove.insights.changes.find import Changes, detect_changes, find_changes

__all__ = ["Changes", "detect_changes", "find_changes"]
