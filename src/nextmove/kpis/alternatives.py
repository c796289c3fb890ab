"""What a KPI would be under the other definitions that people use: each option's other choices, one changed at a time.

An option with choices lists them in the catalogue; of one that is a number, the values in common use stand here.
"""

from __future__ import annotations

from dataclasses import dataclass

from nextmove.kpis.catalogue import Kpi
from nextmove.kpis.question import Checked
from nextmove.settings import Settings
from nextmove.words import has, text

COMMON: dict[str, tuple[str, ...]] = {
    "churn_window_months": ("6", "12", "18", "24"),
    "churn_gaps": ("2", "3", "4"),
    "launch_window_months": ("6", "12", "24"),
    "response_target_hours": ("0.25", "1", "4", "24"),
    "cac_includes_overhead": ("false", "true"),
    "cac_lag_days": ("0", "30", "60", "90"),
}


@dataclass(frozen=True)
class Choice:
    """One way to define a KPI, and whether it is the company's."""

    option: str
    value: str
    chosen: bool

    @property
    def option_named(self) -> str:
        return _named(f"option.{self.option}") or self.option.replace("_", " ")

    @property
    def named(self) -> str:
        ours = _named(f"option.{self.option}.{self.value}") or _named(f"kpi.{self.value}.name")
        return ours or _yes_or_no(self.value) or self.value.replace("_", " ")


def choices(kpi: Kpi, settings: Settings) -> list[Choice]:
    """All definitions of a KPI that are offered, the company's among them."""
    found = []
    for key, option in kpi.entry.options.items():
        default = option.default if option.default is not None else getattr(settings.definitions, option.setting or key, None)
        chosen = kpi.chosen.get(key, _plain(default))
        offered = tuple(option.choices or option.values) or COMMON.get(key, ())
        values = offered if chosen in offered else (*((chosen,) if chosen else ()), *offered)
        found += [Choice(key, value, value == chosen) for value in values]
    return found


def definition(checked: Checked, settings: Settings) -> list[Choice]:
    """What an answer was computed under, to be told beside it; with a target also how much of it is due by now."""
    chosen = [choice for choice in choices(checked.kpi, settings) if choice.chosen]
    if checked.question.versus == "target" and "pace" not in checked.kpi.entry.options:
        chosen.append(Choice("pace", checked.pace or settings.definitions.pace, chosen=True))
    return chosen


def _plain(value: object) -> str:
    """A setting as it would be written after `--option key=`."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _yes_or_no(value: str) -> str | None:
    asked = {"true": "option.yes", "yes": "option.yes", "false": "option.no", "no": "option.no"}.get(value)
    return text(asked) if asked else None


def _named(identifier: str) -> str | None:
    return text(identifier) if has(identifier) else None
