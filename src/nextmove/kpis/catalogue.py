"""The catalogue: every KPI of our YAML files and of the company's own, checked on load.

An error names the file, the line and the nearest valid name. A company's own entry with an id of ours replaces it, or chooses its options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from nextmove.errors import UnknownName, UserError
from nextmove.facts import Fact, load_facts
from nextmove.kpis.definition import Entry, Measure, Option
from nextmove.kpis.own import check_own, line_of, overridden, overrides
from nextmove.settings import Settings
from nextmove.workspace import Workspace

_FOLDER = Path(__file__).parent
_OWN_LINE = "__line__"
_FORMS = frozenset({"measure", "ratio", "measures", "numerator", "denominator", "value"})
_OF_PERIOD = frozenset({"start", "end", "until", "as_of"})  # what `:start` means in SQL, whatever an option is called

if TYPE_CHECKING:
    from yaml import SafeLoader as _SafeLoader
else:  # where PyYAML was built with libyaml, ten times faster
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Kpi:
    """A KPI with where it is written and the options that its numbers are under."""

    entry: Entry
    place: str
    theme: str
    raw: Mapping[str, Any]  # Any: the entry's YAML, from which an option's choice makes a variant
    chosen: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.entry.id

    def under(self, options: Mapping[str, str]) -> Kpi:
        """The KPI under these options; unknown ones are refused with their neighbours."""
        for key in options:
            if key not in self.entry.options:
                raise UnknownName(f"option of {self.id}", key, self.entry.options)
        raw = {**self.raw, **_replaced_by(self, options)}
        return Kpi(_entry(raw, self.place), self.place, self.theme, self.raw, dict(options))

    @cached_property
    def parameters(self) -> dict[str, str]:
        """Options that stand in the SQL as `:key`, where the question or the entry gives them."""
        from nextmove.engine import literal

        given: dict[str, str] = {}
        for key, option in self.entry.options.items():
            value = self.chosen.get(key, option.default)
            if value is not None and (not any((option.choices or {}).values()) or self._speaks_of(key)):
                given[key] = _number_or_text(self.id, key, value) if isinstance(value, str) else literal(value)
        return given

    def _speaks_of(self, key: str) -> bool:
        """Whether the SQL says `:key`; what nobody reads would only keep measures from sharing a scan."""
        texts = [text for measure in self.entry.all_measures().values() for text in measure.expressions()]
        return key not in _OF_PERIOD and any(re.search(rf":{key}\b", text) for text in texts)


@dataclass(frozen=True)
class Catalogue:
    kpis: Mapping[str, Kpi]
    facts: Mapping[str, Fact]

    def kpi(self, identifier: str) -> Kpi:
        if identifier not in self.kpis:
            raise UnknownName("KPI", identifier, self.kpis)
        return self.kpis[identifier]

    def fact(self, name: str) -> Fact:
        if name not in self.facts:
            raise UnknownName("fact", name, self.facts)
        return self.facts[name]


def load_catalogue(workspace: Workspace | None = None) -> Catalogue:
    """Our KPIs and facts, and those of the workspace where one is given."""
    facts = load_facts(workspace.root / "facts" if workspace else None)
    kpis = {kpi.id: kpi for path in sorted(_FOLDER.glob("*.yaml")) for kpi in _read(path)}
    if workspace and (workspace.root / "kpis").is_dir():
        for path in sorted((workspace.root / "kpis").glob("*.yaml")):
            own = list(_read(path, ours=kpis))
            for kpi in own:
                check_own(kpi, facts, {*kpis, *(each.id for each in own)}, workspace.settings)
            kpis |= {kpi.id: kpi for kpi in own}
    if workspace:
        kpis = {kpi.id: _as_the_company_defines(kpi, workspace.settings) for kpi in kpis.values()}
    return Catalogue(kpis, facts)


def _as_the_company_defines(kpi: Kpi, settings: Settings) -> Kpi:
    """The KPI with those defaults of its options that are settings."""
    set_ = {**settings.definitions.model_dump(), "persona": "written" if settings.persona else "learnt"}
    chosen = {key: set_[option.setting] for key, option in kpi.entry.options.items() if option.setting}
    if not chosen:
        return kpi
    options = {key: {**raw, "default": chosen.get(key, raw.get("default"))} for key, raw in kpi.raw["options"].items()}
    raw = {**kpi.raw, "options": options}
    return Kpi(_entry(raw, kpi.place), kpi.place, kpi.theme, raw)


def _read(path: Path, *, ours: Mapping[str, Kpi] = MappingProxyType({})) -> Iterable[Kpi]:
    """The entries of a file; `ours` are those that an entry may only choose options of."""
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_LineLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1 if mark else 1}"
        raise UserError("The file is not valid YAML.", where=place, hint=str(error).splitlines()[0]) from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UserError("A file of KPIs is a list of entries.", where=str(path), hint="- id: my_kpi")
    for raw in entries:
        place = f"{path}:{raw.pop(_OWN_LINE)}"
        raw, theme = _without_lines(raw), path.stem
        if overrides(raw):
            if raw["id"] not in ours:
                raise UnknownName("KPI", str(raw["id"]), ours, where=place)
            raw, theme = overridden(ours[raw["id"]], raw, place), ours[raw["id"]].theme
        yield Kpi(_entry(raw, place), place, theme, raw)


def _entry(raw: Mapping[str, Any], place: str) -> Entry:  # Any: YAML
    try:
        return Entry.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        prefix = "".join(f"{part}." for part in first["loc"]).removesuffix(".") + ": " if first["loc"] else ""
        if first["type"] == "extra_forbidden":
            name = str(first["loc"][-1])
            raise UnknownName("field", name, _fields(first["loc"][:-1]), where=line_of(place, name)) from None
        said = first["msg"].removeprefix("Value error, ").removesuffix(".")
        at = line_of(place, str(first["loc"][-1])) if first["loc"] else place
        raise UserError(f"The KPI {raw.get('id', '')!r} is not valid: {prefix}{said}.", where=at) from None
    except UnknownName as error:
        raise UnknownName(error.kind, error.name, _names_of(error.kind), where=line_of(place, error.name)) from None


def _names_of(kind: str) -> list[str]:
    from nextmove.kpis.dimensions import DIMENSIONS

    return [dimension.name for dimension in DIMENSIONS] if kind == "dimension" else []


def _fields(path: tuple[int | str, ...]) -> list[str]:
    """Names of the fields that an entry may have at that place."""
    from nextmove.kpis import definition

    models: dict[str, type[definition.Part]] = {
        "ratio": definition.Ratio,
        "growth": definition.Growth,
        "retained": definition.Retained,
        "stock": definition.Stock,
        "matures": definition.Maturity,
        "coverage": definition.Coverage,
    }
    return list((models.get(str(path[-1]), Measure) if path else Entry).model_fields)


def _replaced_by(kpi: Kpi, options: Mapping[str, str]) -> dict[str, Any]:  # Any: YAML
    """Fields of the entry that the choices replace."""
    chosen = {key: str(options.get(key, option.default)) for key, option in kpi.entry.options.items()}
    by_option = {key: _choice(kpi.id, key, option, options.get(key)) for key, option in kpi.entry.options.items()}
    for both in kpi.entry.together:
        if both.chosen.items() <= chosen.items():
            return {**{name: value for fields in by_option.values() for name, value in fields.items()}, **both.fields}
    replaced: dict[str, Any] = {}
    for fields in by_option.values():
        if (_FORMS & fields.keys()) & replaced.keys():
            told = ", ".join(f"{name}={value}" for name, value in chosen.items() if by_option[name])
            raise UserError(f"These options of {kpi.id} cannot be combined.", where=told, hint="leave one of them at its default")
        replaced |= fields
    return replaced


def _choice(identifier: str, key: str, option: Option, value: str | None) -> Mapping[str, Any]:  # Any: YAML
    chosen = value if value is not None else option.default
    if chosen is None:
        return {}
    option.check(f"choice of {key} for {identifier}", str(chosen))
    return option.choices[str(chosen)] if option.choices is not None else {}


def _number_or_text(identifier: str, key: str, value: str) -> str:
    from nextmove.engine import literal

    if value in ("true", "false"):
        return value
    try:
        return literal(int(value))
    except ValueError:
        pass
    try:
        return literal(float(value))
    except ValueError:
        return literal(value)


class _LineLoader(_SafeLoader):
    """YAML that remembers the line of each mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # Any: YAML
        mapping = super().construct_mapping(node, deep=True)
        mapping[_OWN_LINE] = node.start_mark.line + 1
        return mapping


def _without_lines(value: Any) -> Any:  # Any: YAML
    if isinstance(value, dict):
        return {key: _without_lines(item) for key, item in value.items() if key != _OWN_LINE}
    return [_without_lines(item) for item in value] if isinstance(value, list) else value
