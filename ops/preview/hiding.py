"""What must not be shown though nobody marked it: known by its field's name, its look, the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
MARKED = "[secret]"
"""What Pulumi writes where a value is a secret: it stays."""
CHANGED = "[another secret]"
"""The same, where it is another one than before."""
_SECRET_NAME = re.compile(
    r"password|passwd|passphrase|token|secret|credential|(api|private|access|crypt|encryption)_?keys?$", re.I
)
# These name a secret, and hold none.
_REFERENCE = re.compile(
    r"(name|names|ref|refs|path|file|url|urls|generation|existingsecret|enabled|mount|provider)$", re.I
)
_LOOKS = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
    re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    re.compile(r"\b(glpat|gldt|glrt|glcbt|glsoat|ghp|gho|ghs|github_pat|xox[abp]|hvs|hvb)[-_.][\w.-]{8,}"),
    re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b"),
    # Digests say so: sha256:... stays.
    re.compile(r"(?<![\w:])[0-9a-f]{32,}(?!\w)", re.I),
    re.compile(r"(?<![\w:/+.-])(?=[\w+/-]*[0-9])(?=[\w+/-]*[a-z])(?=[\w+/-]*[A-Z])[\w+/-]{40,}={0,2}"),
)
_IN_ADDRESS = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)[^/\s@]+@", re.I)
_SHORTEST = 6


def hide(text: str, env: Mapping[str, str] = os.environ) -> str:
    """Take out of a text what looks like a secret, and what the environment holds as one."""
    for value in _kept(env):
        text = text.replace(value, HIDDEN)
    for look in _LOOKS:
        text = look.sub(HIDDEN, text)
    return _IN_ADDRESS.sub(rf"\g<scheme>{HIDDEN}@", text)


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
    return bool(_SECRET_NAME.search(last)) and not _REFERENCE.search(last)


def _kept(env: Mapping[str, str]) -> list[str]:
    """Give the values of variables that hold secrets, the longest first: one may be part of another."""
    found = {
        value.strip()
        for name, value in env.items()
        if _SECRET_NAME.search(name) and not _REFERENCE.search(name)
    }
    lines = {line for value in found for line in value.splitlines()}
    return sorted((one for one in found | lines if len(one) >= _SHORTEST), key=len, reverse=True)
