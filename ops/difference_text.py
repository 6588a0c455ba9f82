"""How the differences of manifests are told: to a person, in a merge request, to a program."""

from __future__ import annotations

import difflib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from ops.differences import ABSENT, Change, Field

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}
_LONGEST = 160
_MOST_LINES = 20


def summary(changes: Sequence[Change]) -> str:
    """Count them in one line."""
    if not changes:
        return "Nothing changes."
    counts: Counter[str] = Counter(change.what for change in changes)
    return ", ".join(f"{counts[what]} {what}" for what in _SIGNS if counts[what]) + "."


def text(changes: Sequence[Change]) -> str:
    """Write them for a terminal."""
    return "".join(f"{line}\n" for line in [summary(changes), *_lines(changes)])


def markdown(stack: str, changes: Sequence[Change]) -> str:
    """Write them for a merge request: folded, since some are long."""
    head = f"**{stack}**: {summary(changes)}\n"
    if not changes:
        return head
    body = "".join(f"{line}\n" for line in _lines(changes))
    folded = f"<details><summary>Objects and fields</summary>\n\n{fenced(body, 'diff')}\n\n</details>\n"
    return f"{head}\n{folded}"


def fenced(body: str, language: str) -> str:
    """Put lines into a block, between more backticks than they have in a row: they must not end it."""
    fence = "```"
    while fence in body:
        fence += "`"
    return f"{fence}{language}\n{body}{fence}"


def document(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """Give them for programs."""
    return [
        {
            "change": change.what,
            "kind": change.identity.kind,
            "group": change.identity.group,
            "namespace": change.identity.namespace,
            "name": change.identity.name,
            "fields": [_plain(one) for one in change.fields],
        }
        for change in changes
    ]


def _plain(one: Field) -> dict[str, Any]:
    """Leave out what was not there: null is a value."""
    sides = {"before": one.before, "after": one.after}
    return {"path": one.path, **{side: value for side, value in sides.items() if value != ABSENT}}


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        yield f"{_SIGNS[change.what]} {change.identity}"
        for one in change.fields:
            yield from _field(one)


def _field(one: Field) -> Iterator[str]:
    if isinstance(one.before, str) and isinstance(one.after, str) and "\n" in one.before + one.after:
        yield f"    {one.path}:"
        yield from _changed_lines(one.before, one.after)
    else:
        yield f"    {one.path}: {value_text(one.before)} -> {value_text(one.after)}"


def _changed_lines(before: str, after: str) -> Iterator[str]:
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    lines = [line for line in compared if not line.startswith(("---", "+++", "@@"))]
    yield from (f"        {line[:1]} {cut(line[1:])}" for line in lines[:_MOST_LINES])
    if more := len(lines) - _MOST_LINES:
        yield from [f"        ({more} lines more)"] if more > 0 else []


def value_text(value: Any) -> str:  # noqa: ANN401 -- JSON
    """Write a value in one line, as much of it as one reads."""
    return cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))


def cut(value: str, longest: int = _LONGEST) -> str:
    """Cut a text off where it is too long to read, and say so."""
    return value if len(value) <= longest else f"{value[:longest]}... ({len(value)} characters)"
