"""What one may answer when deciding on a move; few enough to be counted later, each with its words."""

from __future__ import annotations

SNOOZE_DAYS = (1, 7, 30)
REASONS = ("not_relevant", "already_done", "wrong_data", "customer_gone", "no_capacity")
OUTCOMES = ("ordered", "interested", "not_now", "refused", "no_answer")


def all_choices() -> dict[str, tuple[str, ...] | tuple[int, ...]]:
    return {"reasons": REASONS, "outcomes": OUTCOMES, "snooze_days": SNOOZE_DAYS}
