"""One preview as it is told: counts, risks, changes, warnings, or why there is none; nothing secret."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ops.differences import ABSENT, Field
from ops.preview.hiding import hide, hide_value
from ops.preview.risks import Risk, risks
from ops.preview.steps import Step, steps

Json = Mapping[str, Any]
_LAST_LINES = 40


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a preview said of one stack."""

    stack: str
    failed: str = ""
    """Why there is none; empty where it came to its end."""
    counts: Mapping[str, int]
    risks: tuple[Risk, ...] = ()
    steps: tuple[Step, ...] = ()
    warnings: tuple[str, ...] = ()


def told(stack: str, output: str, errors: str = "", code: int = 0) -> Preview:
    """Read what `pulumi preview --json` wrote."""
    document = _document(output)
    if code or document is None:
        return Preview(stack=stack, counts={}, failed=_why(document, output, errors, code))
    found = steps(document)
    counts = Counter(step.what for step in found)
    return Preview(
        stack=stack,
        counts={**counts, "same": int((document.get("changeSummary") or {}).get("same", 0))},
        risks=tuple(replace(one, because=tuple(map(hide, one.because))) for one in risks(found)),
        steps=tuple(replace(step, fields=tuple(map(_hidden, step.fields))) for step in found),
        warnings=tuple(hide(text) for text in _diagnostics(document, "warning", "error")),
    )


def as_document(one: Preview) -> dict[str, Any]:
    """Give it for programs."""
    return {
        "stack": one.stack,
        "failed": one.failed or None,
        "counts": dict(one.counts),
        "risks": [
            {"risk": risk.name, "words": risk.words, "because": list(risk.because)} for risk in one.risks
        ],
        "changes": [
            {
                "what": step.what,
                "kind": step.kind,
                "name": step.name,
                "fields": [_plain(f) for f in step.fields],
            }
            for step in one.steps
        ],
        "warnings": list(one.warnings),
    }


def _plain(one: Field) -> dict[str, Any]:
    sides = {"before": one.before, "after": one.after}
    return {"path": one.path, **{side: value for side, value in sides.items() if value != ABSENT}}


def _hidden(one: Field) -> Field:
    before, after = (hide_value(one.path, value) for value in (one.before, one.after))
    return Field(path=one.path, before=before, after=after)


def _document(output: str) -> Json | None:
    try:
        found = json.loads(output)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _why(document: Json | None, output: str, errors: str, code: int) -> str:
    said = [*_diagnostics(document or {}, "error"), errors]
    words = "\n".join(line.strip("\n") for line in said if line.strip()) or ("" if document else output)
    last = words.strip().splitlines()[-_LAST_LINES:]
    return hide("\n".join(last)) or f"pulumi ended with {code}, and said nothing."


def _diagnostics(document: Json, *severities: str) -> Sequence[str]:
    found: dict[str, None] = {}
    for one in document.get("diagnostics") or ():
        if isinstance(one, Mapping) and one.get("severity") in severities:
            found[str(one.get("message", "")).strip()] = None
    return [text for text in found if text]
