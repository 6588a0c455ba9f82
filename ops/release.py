"""The Helm release of a stack as the program asks for it, with its values; references stand for secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ops.placeholders import CREDENTIALS_DIGEST, bringing
from ops.registered import Registered, registered
from settings import Settings

KIND = "helm.sh/v3:Release"
_DIGEST = "checksum/credentials"
Values = dict[str, Any]


def composed(settings: Settings, *, named: bool = False) -> tuple[Registered, list[Registered]]:
    """Give the release, and every other object that the stack itself makes."""
    found = registered(settings, bringing(settings, named=named))
    return _release(found), [one for one in found if one.kind != KIND]


def values(release: Registered) -> Values:
    """Give the release's values."""
    made: Values = release.inputs["values"]
    notes = made["hub"].get("annotations", {})
    if _DIGEST in notes:
        # What was hashed here are references, so the digest would be one of nothing.
        notes[_DIGEST] = CREDENTIALS_DIGEST
    return made


def _release(found: Sequence[Registered]) -> Registered:
    return next(one for one in found if one.kind == KIND)
