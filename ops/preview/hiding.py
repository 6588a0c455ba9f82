"""What must not be shown though nobody marked it: known by its field's name, its look, the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from ops.secret_looks import covered, named_covered, names_a_secret

HIDDEN = "[hidden]"
MARKED = "[secret]"
"""What Pulumi writes where a value is a secret: it stays."""
CHANGED = "[another secret]"
"""The same, where it is another one than before."""
_SHORTEST = 6


def hide(text: str, env: Mapping[str, str] = os.environ) -> str:
    """Take out of a text what looks like a secret, and what the environment holds as one."""
    for value in _kept(env):
        text = text.replace(value, HIDDEN)
    return named_covered(covered(text, HIDDEN), HIDDEN)


def hide_value(path: str, value: Any, env: Mapping[str, str] = os.environ) -> Any:  # noqa: ANN401 -- JSON
    """Take the same out of a value, and the value itself where its name says that it is a secret."""
    if isinstance(value, Mapping):
        return {name: hide_value(f"{path}.{name}", below, env) for name, below in value.items()}
    if isinstance(value, list):
        return [hide_value(path, below, env) for below in value]
    if not isinstance(value, str) or value in ("", MARKED, CHANGED):
        return value
    return HIDDEN if _named_secret(path) else hide(value, env)


def _named_secret(path: str) -> bool:
    last = re.split(r"[.\[|]", path.rstrip("]"))[-1]
    return names_a_secret(last)


def _kept(env: Mapping[str, str]) -> list[str]:
    """Give the values of variables that hold secrets, the longest first: one may be part of another."""
    found = {value.strip() for name, value in env.items() if names_a_secret(name)}
    lines = {line for value in found for line in value.splitlines()}
    return sorted((one for one in found | lines if len(one) >= _SHORTEST), key=len, reverse=True)
