"""The KPI reference, made from the catalogue: what each KPI answers, counts, needs and is cut by, its other definitions, and an example.

One page a theme, and an index with the tiny company that the examples are worked out on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from nextmove.export.examples import Example, read_company, read_examples, shown
from nextmove.kpis import Catalogue, Kpi
from nextmove.kpis.alternatives import choices
from nextmove.kpis.needs import needs_of
from nextmove.kpis.words import answered, described, named, questioned, reasoned
from nextmove.settings import Settings
from nextmove.words import text


def export_reference(folder: Path, catalogue: Catalogue, settings: Settings, *, examples: Path | None = None) -> int:
    """Write the pages; with the folder of `examples`, each KPI has its own. Returns how many KPIs they tell."""
    folder.mkdir(parents=True, exist_ok=True)
    worked = {example.kpi: example for example in read_examples(examples)} if examples else {}
    themes: dict[str, list[Kpi]] = {}
    for kpi in catalogue.kpis.values():
        themes.setdefault(kpi.theme, []).append(kpi)
    for theme, kpis in themes.items():
        parts = [_head(theme), *(_section(kpi, catalogue, settings, worked.get(kpi.id)) for kpi in kpis)]
        if examples and (examples / f"{theme}.yaml").is_file():
            parts.insert(1, _tables(examples, shown(examples, theme)))
        _write(folder / f"{theme}.md", parts)
    _write(folder / "README.md", [_index(themes)])
    return len(catalogue.kpis)


def _write(path: Path, parts: Iterable[str]) -> None:
    path.write_text("\n".join(part.strip() + "\n" for part in parts), encoding="utf-8")


def _index(themes: Mapping[str, Sequence[Kpi]]) -> str:
    lines = [f"# {text('export.docs.title')}", "", text("export.docs.made")]
    for theme, kpis in themes.items():
        lines += ["", f"## [{_theme(theme)}]({theme}.md)", ""]
        lines += [f"- [`{kpi.id}`]({theme}.md#{kpi.id}) {named(kpi)}: {questioned(kpi)}" for kpi in kpis]
    return "\n".join(lines)


def _head(theme: str) -> str:
    return f"# {_theme(theme)}\n\n{text('export.docs.made')}"


def _theme(theme: str) -> str:
    return theme.replace("_", " ").capitalize()


def _tables(folder: Path, names: Sequence[str]) -> str:
    company = read_company(folder)
    parts = [f"<details><summary>{text('export.docs.company')}</summary>", ""]
    for name in names:
        parts += [f"`{name}`", "", _markdown(company.tables[name]), ""]
    return "\n".join([*parts, "</details>"])


def _markdown(rows: str) -> str:
    """CSV as a table; columns that are empty throughout are left out."""
    header, *body = list(csv.reader(rows.splitlines()))
    filled = [n for n in range(len(header)) if any(row[n] for row in body)]
    lines = ["| " + " | ".join(header[n] for n in filled) + " |", "|" + "---|" * len(filled)]
    return "\n".join(lines + ["| " + " | ".join(row[n].removesuffix(" 08:00:00") for n in filled) + " |" for row in body])


def _section(kpi: Kpi, catalogue: Catalogue, settings: Settings, example: Example | None) -> str:
    lines = [f'## <a id="{kpi.id}"></a>{named(kpi)} · `{kpi.id}`', "", f"*{questioned(kpi)}*", "", described(kpi), ""]
    lines += [f"- {text('export.docs.' + label)}: {told}" for label, told in _facts(kpi, catalogue) if told]
    lines += _options(kpi, settings)
    for label, said in (("reasons", reasoned(kpi)), ("action", answered(kpi))):
        lines += ["", f"**{text('export.docs.' + label)}** {said}"] if said else []
    lines += ["", _example(kpi, example)] if example else []
    return "\n".join(lines)


def _facts(kpi: Kpi, catalogue: Catalogue) -> list[tuple[str, str]]:
    entry = kpi.entry
    better = text(f"export.docs.better_{entry.better}") if entry.better else text("export.docs.better_none")
    return [
        ("unit", f"{text('export.unit.' + entry.unit)}, {better}"),
        ("cadence", text(f"export.docs.each_{entry.cadence}") + (f"; {text('export.docs.as_of')}" if entry.as_of else "")),
        ("cut_by", ", ".join(entry.cut_by)),
        ("needs", ", ".join(f"`{need}`" for need in needs_of(catalogue, kpi))),
    ]


def _options(kpi: Kpi, settings: Settings) -> list[str]:
    offered: dict[str, list[str]] = {}
    for choice in choices(kpi, settings):
        told = f"`{choice.value}` {choice.named}" if choice.named != choice.value else f"`{choice.value}`"
        mark = f" ({text('export.docs.default')})" if choice.chosen else ""
        offered.setdefault(f"`{choice.option}` {choice.option_named}", []).append(told + mark)
    return [f"- {text('export.docs.option')} {option}: {' · '.join(values)}" for option, values in offered.items()]


def _example(kpi: Kpi, example: Example) -> str:
    where = text(f"export.docs.period_{example.grain}", start=f"{example.period:%-d %B %Y}")
    cut = f", {example.by} {example.member}" if example.by else ""
    return f"**{text('export.docs.example')}** ({where}{cut}) {example.by_hand} → **{_told(example.value, kpi.entry.unit)}**"


def _told(value: Fraction, unit: str) -> str:
    """As people write it: a percentage of one decimal, else up to two."""
    number = float(value) * (100 if unit == "percent" else 1)
    digits = 1 if unit == "percent" else 2
    said = f"{number:,.{digits}f}".rstrip("0").rstrip(".")
    return said.replace("-", "−") + (" %" if unit == "percent" else "")
