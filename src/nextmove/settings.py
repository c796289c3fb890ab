"""The settings of a workspace: `nextmove.toml`, each value also as `NEXTMOVE_SECTION__KEY`.

An unknown key is an error that names its neighbours, so a misspelt setting is never silently the default.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from nextmove.errors import UnknownName, UserError

_TIME_OF_DAY = re.compile(r"(([01]\d|2[0-3]):[0-5]\d|24:00)\Z")

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(Section):
    name: str = Field("My company", description="Shown on every page.")
    time_zone: str = Field("UTC", description="Cuts moments into days, weeks and months (IANA name).")
    reporting_currency: str = Field("EUR", pattern=r"^[A-Z]{3}$", description="ISO 4217 code that all money is told in.")
    country: str | None = Field(None, description="ISO 3166 code whose public holidays are no working days.")
    holidays: tuple[dt.date, ...] = Field((), description="Further closed days.")
    fiscal_year_start_month: int = Field(1, ge=1, le=12, description="First month of the fiscal year.")
    fiscal_pattern: Literal["months", "4-4-5", "4-5-4", "5-4-4"] = Field(
        "months", description="Fiscal months as Gregorian ones, or as weeks: each quarter has 4, 4 and 5."
    )
    week_start: Weekday = Field("monday", description="First day of a week.")
    working_week: tuple[Weekday, ...] = Field(
        ("monday", "tuesday", "wednesday", "thursday", "friday"), description="Days on which the company works."
    )
    working_hours: tuple[str, str] | None = Field(
        None, description='Opening and closing of a working day, as ["09:00", "17:00"]: a response is then timed in these hours alone.'
    )
    as_of: Literal["today"] | dt.date = Field("today", description="Numbers as they stood at the end of this day.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        if zone not in available_timezones():
            raise UnknownName("time zone", zone, available_timezones(), where="company.time_zone")
        return zone

    @field_validator("working_hours", mode="before")
    @classmethod
    def _hours_in_order(cls, hours: object) -> object:
        """Times of day with leading zeros sort as text."""
        if hours is None:
            return None
        times = [str(each) for each in hours] if isinstance(hours, list | tuple) else []
        if len(times) != 2 or not all(_TIME_OF_DAY.match(each) for each in times):
            raise UserError(
                f"Working hours are two times of day, not {hours!r}.",
                where="company.working_hours",
                hint='write opening and closing as HH:MM: ["09:00", "17:00"]',
            )
        if times[0] >= times[1]:
            raise UserError(
                f"Working hours end after they begin: {times[0]} is not before {times[1]}.",
                where="company.working_hours",
                hint="a shift over midnight cannot be told this way; without working hours, elapsed hours are counted",
            )
        return tuple(times)


class Definitions(Section):
    """The options of the KPI catalogue on which people disagree; chosen once for the company."""

    churn_window_months: int = Field(12, ge=1, description="A customer without a purchase for so long is lost.")
    churn_gaps: float = Field(3.0, gt=1, description="By its own rhythm a customer is lost after so many of its usual gaps.")
    launch_window_months: int = Field(12, ge=1, description="A product is new for so long after its launch.")
    cac_includes_overhead: bool = Field(False, description="Whether overhead spend is a cost of acquisition.")
    cac_lag_days: int = Field(0, ge=0, description="How much earlier the spend of a new customer happened.")
    stage_order: tuple[str, ...] = Field((), description="Stages of the pipeline, first to last; read from the data where empty.")
    customer_facing_kinds: tuple[str, ...] = Field(
        ("call", "email", "meeting", "visit", "demo", "message"), description="Kinds of activity that are selling time."
    )
    quota_kpi: str = Field("net_sales", description="The KPI that quota_attainment holds against its target.")
    pace: Literal["working_days", "calendar_days", "last_year"] = Field(
        "working_days", description="How much of a running period's target is due by now: by days, or by the shape of the year before."
    )
    response_target_hours: float = Field(1.0, gt=0, description="A lead is answered in time within so many hours.")


class Goals(Section):
    """What the scorecard shows: the KPIs of the company's goal, or others that it has chosen."""

    goal: str = Field("", description="more_customers, more_revenue, higher_conversion, more_profit or keep_customers.")
    primary: tuple[str, ...] = Field((), description="Two or three KPIs; those of the goal where empty.")
    secondary: tuple[str, ...] = Field((), description="At most five KPIs; those of the goal where empty.")


class Warehouse(Section):
    url: str = Field("duckdb:///data/warehouse.duckdb", description="duckdb:///FILE, postgresql://… or spark://…")
    work_there: bool = Field(
        True, description="Whether a refresh that makes all anew is worked out by PostgreSQL; else its tables are copied."
    )


class Actions(Section):
    per_day: int = Field(10, ge=1, description="Moves that one representative sees at most.")
    control_share: float = Field(0.10, ge=0, le=0.5, description="Share of findings withheld at random, to measure uplift.")
    kinds: dict[str, dict[str, float]] = Field(
        default_factory=dict, description="Thresholds of a kind of action that differ from ours, as [actions.kinds.silent_customer]."
    )


class Changes(Section):
    """What is told as a change: how many false alarms are borne, and how small a change may be."""

    false_discovery_rate: float = Field(0.10, gt=0, lt=1, description="Of the changes told in a period, the share that may be chance.")
    false_alerts_per_series_year: float = Field(
        0.3, ge=0.025, le=0.74, description="How often a year a number in which nothing happens may be told."
    )
    least_money: float | None = Field(
        None, ge=0, description="A change that moves less money is not told; 0.3 % of a year's net sales where empty."
    )
    least_count: float = Field(3.0, ge=0, description="A count that moves by less is not told.")


class Editions(Section):
    keep_days: int = Field(14, ge=1, description="The last edition of each day is kept for so many days, of each month for ever.")
    refit_days: int = Field(7, ge=0, description="Predictions are fitted anew after so many days; between, they score with the stored fit.")
    memory_limit: str = Field("2GB", description="Memory that the database may take during a refresh; more spills to disk.")


class App(Section):
    hosts: tuple[str, ...] = Field((), description="Names under which the app is reached, besides localhost.")
    https: bool = Field(False, description="Whether the app is reached over https (by a proxy in front of it).")
    hide_cost_from: tuple[str, ...] = Field((), description='Roles that see no cost and no profit, as ["representative"].')


class Settings(BaseSettings):
    """All settings, frozen. Build with `Settings.read(path)`."""

    model_config = SettingsConfigDict(
        env_prefix="NEXTMOVE_", env_nested_delimiter="__", extra="ignore", frozen=True, nested_model_default_partial_update=True
    )

    company: Company = Company()
    definitions: Definitions = Definitions()
    persona: dict[str, tuple[str, ...]] = Field(default_factory=dict, description="Customer persona: attribute = accepted values.")
    goals: Goals = Goals()
    warehouse: Warehouse = Warehouse()
    actions: Actions = Actions()
    changes: Changes = Changes()
    editions: Editions = Editions()
    app: App = App()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings

    @classmethod
    def read(cls, path: Path) -> Settings:
        """Read `nextmove.toml`; the environment overrides it."""
        values = _read_toml(path)
        _refuse_unknown(values, path)
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise UserError(f"The setting {place} is not valid: {first['msg']}.", where=str(path)) from None

    def today(self) -> dt.date:
        """The day at whose end the numbers stand: `company.as_of`, or the local date."""
        if self.company.as_of == "today":
            return dt.datetime.now(ZoneInfo(self.company.time_zone)).date()
        return self.company.as_of


def _read_toml(path: Path) -> dict[str, Any]:  # Any: a TOML value
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"The settings are not valid TOML: {error}.", where=str(path)) from None


def _refuse_unknown(values: dict[str, Any], path: Path) -> None:  # Any: a TOML value
    for section, content in values.items():
        field = Settings.model_fields.get(section)
        if field is None:
            raise UnknownName("setting", section, Settings.model_fields, where=str(path))
        model = field.annotation
        if isinstance(model, type) and issubclass(model, Section) and isinstance(content, dict):
            for key in content:
                if key not in model.model_fields:
                    raise UnknownName("setting", f"{section}.{key}", [f"{section}.{k}" for k in model.model_fields], where=str(path))
