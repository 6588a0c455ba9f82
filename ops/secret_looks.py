"""What looks like a secret, wherever it stands: one list, for lines of logs and values of a preview alike.

Who shows a text adds what is true of that kind of text alone: `ops/why/masking.py`, `ops/preview/hiding.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_WORDS = r"token|password|passwd|passphrase|pwd|secret|credential"
_KEYS = r"(?:api|access|private|crypt|encryption)[_-]?keys?"
NAME = rf"{_WORDS}|{_KEYS}"
"""Parts of names whose values are secrets."""
# The number of an access key is none.
_SECRET = re.compile(rf"{_WORDS}|{_KEYS}$", re.I)
_REFERENCE = re.compile(
    r"(?:name|names|ref|refs|path|file|url|urls|generation|existingsecret|enabled|mount|provider)$", re.I
)
# What took a secret's place stays as it is.
_COVERED = r"(?!\[(?:secret|another secret|hidden)\]|\*{4})"
_NAMED = re.compile(
    rf"""(?i)(?<![\w])([\w.-]*(?:{NAME})[\w.-]*)(["']?\s*(?:=|:(?!//))\s*){_COVERED}"""
    r"""(?:"[^"]+"|'[^']+'|(?![\w.]+[(\[])[^\s,;&"'<>()\[\]{}]+)"""
)


@dataclass(frozen=True)
class Look:
    """A kind of secret, and what of it remains."""

    kind: str
    pattern: re.Pattern[str]
    remains: tuple[str, str] = ("", "")
    """Before and after what covers it, as a replacement of the pattern has them."""

    def covered(self, text: str, cover: str) -> str:
        """Give a text without secrets of this kind."""
        before, after = self.remains
        return self.pattern.sub(lambda found: found.expand(before) + cover + found.expand(after), text)


LOOKS = (
    Look(
        "a private key",
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
    ),
    Look(
        "a header",
        re.compile(r"(?im)\b(set-cookie|cookie|(?:proxy-)?authorization|x-api-key)(['\"]?\s*[:=]\s*).*$"),
        (r"\1\2", ""),
    ),
    Look(
        "a bearer's token", re.compile(r"(?i)\b(bearer|basic|token)\s+[A-Za-z0-9._~+/=-]{12,}"), (r"\1 ", "")
    ),
    Look("a password in an address", re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@]+@"), (r"\1", "@")),
    Look("a signed token", re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}")),
    Look(
        "a token of a service",
        re.compile(
            r"\b(?:glpat|gldt|glrt|glcbt|glsoat|gh[pousr]|github_pat|xox[abposr]|hvs|hvb)[-_.][\w.-]{8,}"
        ),
    ),
    Look("a key of an object store", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    # Tokens and keys of a hub stand alone at times; the digest of an image is no secret.
    Look(
        "a key in hexadecimal digits",
        re.compile(r"(?<!sha256:)(?<!sha512:)(?<![0-9A-Za-z])[0-9a-fA-F]{32,}(?![0-9A-Za-z])"),
    ),
    Look(
        "a long mixture",
        re.compile(r"(?<![\w/.:@-])(?=[\w+/-]*\d)(?=[\w+/-]*[A-Z])(?=[\w+/-]*[a-z])[\w+-][\w+/-]{38,}={0,2}"),
    ),
)


def covered(text: str, cover: str, further: Iterable[Look] = ()) -> str:
    """Give a text without anything that looks like a secret."""
    for look in (*further, *LOOKS):
        text = look.covered(text, cover)
    return text


def names_a_secret(name: str) -> bool:
    """Tell whether what has this name is a secret, and not where one is."""
    return bool(_SECRET.search(name)) and not _REFERENCE.search(name)


def named_covered(text: str, cover: str) -> str:
    """Cover what stands behind a secret's name in a text: `password=...`, `token: "..."`."""

    def instead(found: re.Match[str]) -> str:
        return f"{found[1]}{found[2]}{cover}" if names_a_secret(found[1]) else found[0]

    return _NAMED.sub(instead, text)
