"""SQL laid out for a reader: each line is set in by the brackets that are open around it and by the list that it continues.

The compiler puts its pieces together as they come; whoever prints or exports a query lays it out once, here.
"""

from __future__ import annotations

import re

_STEP = "    "
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_CONTINUES = re.compile(r"(and|or|on|when|else|then)\b")


def readable(sql: str) -> str:
    """`sql` with its lines set in; comments and texts are left as they are, and all of it where a text runs over a line's end."""
    if any("\n" in text for text in _QUOTED.findall(sql)):
        return sql
    depth, lists, lines = 0, [False], []
    for raw in sql.strip().splitlines():
        line = raw.strip()
        if line.startswith("--"):
            lines.append(_STEP * (depth + sum(lists)) + line)
            continue
        code = _QUOTED.sub("", line)
        starts_closed = len(code) - len(code.lstrip(")"))
        depth, lists = depth - starts_closed, lists[: len(lists) - starts_closed] or [False]
        if code.startswith(("from ", "select", "union")):
            lists[-1] = False
        more = 1 if _CONTINUES.match(code) else 0
        lines.append(_STEP * (depth + sum(lists) + more) + line)
        opened = _net(code[starts_closed:])
        depth += opened
        lists = lists + [False] * opened if opened > 0 else lists[: len(lists) + opened] or [False]
        if code == "select":
            lists[-1] = True
    return "\n".join(lines) + "\n"


def _net(code: str) -> int:
    """How many more brackets a line opens than it closes."""
    return code.count("(") - code.count(")")
