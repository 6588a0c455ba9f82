"""Covers what could let somebody in: log lines and messages hold tokens, passwords, cookies and codes."""

from __future__ import annotations

import re

from ops.secret_looks import NAME, Look, covered

COVER = "****"
_WORD = (
    # Not the names of errors, such as SecretSyncedError: what follows them says what happened.
    r"(?![\w.-]*(?:Error|Exception|Failed|Failure)\b)"
    rf"(?:[\w.-]*(?:{NAME}|session|assertion|xsrf|signature|jwt)[\w.-]*"
    r"|code|state|sig|nonce|code_verifier|code_challenge)"
)
# Not the codes of exits, of HTTP and of gRPC, which say what happened.
_CODES = "NotFound|Unknown|Unavailable|Internal|DeadlineExceeded|PermissionDenied|Unauthenticated"
_OPEN = rf"(?!\d{{1,3}}(?![\w/.~-])|(?:{_CODES})\b)"
_VALUE = _OPEN + r"""(?:"[^"]*"|'[^']*'|[^\s,;&"'<>)\]}]+)"""
_IN_LOGS = (
    # Certificates too: they say for whom they are.
    Look("a block of PEM", re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL)),
    Look(
        "a named value",
        re.compile(rf"""(?i)(?<![\w])({_WORD}["']?\s*(?:=|:(?!//))\s*){_VALUE}"""),
        (r"\1", ""),
    ),
)


def masked(text: str) -> str:
    """Give a text without what must stay secret in it."""
    return covered(text, COVER, _IN_LOGS)
