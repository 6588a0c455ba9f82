"""Covers what could let somebody in: log lines and messages hold tokens, passwords, cookies and codes."""

from __future__ import annotations

import re

COVER = "****"
_WORD = (
    # Not the names of errors, such as SecretSyncedError: what follows them says what happened.
    r"(?![\w.-]*(?:Error|Exception|Failed|Failure)\b)(?:[\w.-]*(?:token|password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|"
    r"crypt[_-]?keys?|cookie[_-]?secret|credential|session|assertion|xsrf|signature|jwt)[\w.-]*"
    r"|code|state|sig|nonce|code_verifier|code_challenge)"
)
# Not the codes of exits, of HTTP and of gRPC, which say what happened.
_CODES = "NotFound|Unknown|Unavailable|Internal|DeadlineExceeded|PermissionDenied|Unauthenticated"
_OPEN = rf"(?!\d{{1,3}}(?![\w/.~-])|(?:{_CODES})\b)"
_VALUE = _OPEN + r"""(?:"[^"]*"|'[^']*'|[^\s,;&"'<>)\]}]+)"""
_COVERED: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [^-]+-----.*?(?:-----END [^-]+-----|\Z)", re.DOTALL), COVER),
    (
        re.compile(r"(?im)\b(set-cookie|cookie|(?:proxy-)?authorization|x-api-key)(['\"]?\s*[:=]\s*).*$"),
        rf"\1\2{COVER}",
    ),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{12,}"), rf"\1 {COVER}"),
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/@:]*:[^\s/@]+@", re.IGNORECASE), rf"\1{COVER}@"),
    (re.compile(rf"""(?i)(?<![\w])({_WORD}["']?\s*(?:=|:(?!//))\s*){_VALUE}"""), rf"\1{COVER}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"), COVER),
    (re.compile(r"\b(?:gh[pousr]_\w{16,}|AKIA[0-9A-Z]{16})\b"), COVER),
    # Hub tokens, crypt keys and the like stand alone at times; the digest of an image is no secret.
    (re.compile(r"(?<!sha256:)(?<![0-9A-Za-z])[0-9a-fA-F]{32,}(?![0-9A-Za-z])"), COVER),
    (
        re.compile(r"(?<![\w/.:@-])(?=[\w+/-]*\d)(?=[\w+/-]*[A-Z])(?=[\w+/-]*[a-z])[\w+-][\w+/-]{38,}={0,2}"),
        COVER,
    ),
)


def masked(text: str) -> str:
    """Give a text without what must stay secret in it."""
    for pattern, instead in _COVERED:
        text = pattern.sub(instead, text)
    return text
