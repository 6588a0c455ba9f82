"""Which job of a GitLab pipeline runs when: its `rules`, evaluated as GitLab documents them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def when(job: Mapping[str, Any], variables: Mapping[str, str]) -> str:
    """Give `on_success`, `manual`, `always` or `never`."""
    for rule in job.get("rules", [{}]):
        if "if" not in rule or holds(rule["if"], variables):
            return str(rule.get("when", "on_success"))
    return "never"


def holds(expression: str, variables: Mapping[str, str]) -> bool:
    """Evaluate comparisons joined by `&&`, the only ones that are used here."""
    assert "||" not in expression
    assert "=~" not in expression
    return all(_compared(part.strip(), variables) for part in expression.split("&&"))


def _compared(part: str, variables: Mapping[str, str]) -> bool:
    for sign in ("==", "!="):
        if sign in part:
            one, other = (_value(side.strip(), variables) for side in part.split(sign))
            return (one == other) is (sign == "==")
    return bool(_value(part, variables))


def _value(word: str, variables: Mapping[str, str]) -> str | None:
    if word.startswith("$"):
        return variables.get(word[1:])
    assert word[0] == word[-1] == '"'
    return word[1:-1]
