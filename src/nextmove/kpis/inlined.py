"""Facts whose rows depend on the period asked for: a question brings them in as relations of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nextmove.engine import literal
from nextmove.facts import Fact, fill
from nextmove.kpis.frame import Frame
from nextmove.kpis.wide import Wide, shift


def relation_of(fact: Fact, frame: Frame) -> str:
    """What to read a fact from: its view or table, or the inlined relation of one that depends on the period."""
    if not fact.per_period:
        return f"facts.{fact.name}"
    name = fact.name if frame.moved is None else f"{fact.name}_{frame.moved}"
    return f"{name}_together" if isinstance(frame, Wide) else name


def relations_of(fact: Fact, frame: Frame) -> Iterable[tuple[str, str]]:
    """Such a fact in a frame; in one of several grains, each grain first, so that another frame can use it again."""
    if not isinstance(frame, Wide):
        yield relation_of(fact, frame), _filled(fact, frame, frame.parameters)
        return
    for part in frame.parts:
        yield relation_of(fact, part), _filled(fact, part, frame.parameters)
    others = ", ".join(column for column in fact.columns if column != "period_id")
    shifted = (f"select period_id + {shift(part)} as period_id, {others} from {relation_of(fact, part)}" for part in frame.parts)
    yield relation_of(fact, frame), "\nunion all\n".join(shifted)


def by_the_cut(fact: Fact) -> bool:
    """Whether the rows depend on the dimensions asked for, so that several cannot be told side by side."""
    return ":dimension" in fact.query or ":cuts" in fact.query


def _filled(fact: Fact, frame: Frame, parameters: Mapping[str, str]) -> str:
    return fill(fact.query, {**parameters, **_period_parameters(frame)}).replace(" periods ", f" {frame.periods} ")


def _period_parameters(frame: Frame) -> dict[str, str]:
    """What a fact that depends on the period may name."""
    return {
        "period_id": frame.period_id,
        "first_id": str(frame.first.id) if frame.first else "cast(null as integer)",
        "as_of": literal(frame.as_of),
        "seen": literal(frame.seen),
        "calendar": literal(frame.calendar),
        "grain": literal(frame.grain),
        "dimension": literal(_one_dimension(frame)),
        "cuts": literal(" ".join(["", *frame.by, *(name for name, _ in frame.where), ""])),
    }


def _one_dimension(frame: Frame) -> str:
    """The dimension that a target must be set for: the one that is asked by, or limited to."""
    asked = frame.by or tuple(name for name, _ in frame.where)
    return asked[0] if len(asked) == 1 else ""
