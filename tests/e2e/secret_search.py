"""Searches text for secrets by their values, in the forms in which a secret is copied about.

Pure: what the secrets are, and where to look, is told by whoever calls.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import gzip
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

# What is shorter is found by chance as well.
SHORTEST = 8


def forms(value: str) -> frozenset[bytes]:
    """Give the ways in which a value is written: as it is, escaped, in base64 wherever it begins in that."""
    plain = value.encode()
    assert len(plain) >= SHORTEST, "too short to be known again"
    # An annotation is often JSON, and is shown in JSON.
    escaped = json.dumps(value)[1:-1]
    written = {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        escaped,
        json.dumps(escaped)[1:-1],
    }
    return frozenset({*(text.encode() for text in written), *_in_base64(plain), plain.hex().encode()})


def _in_base64(plain: bytes) -> Iterator[bytes]:
    """Three bytes become four letters, so what stands before it shifts it in three ways."""
    for shift in range(3):
        known = base64.b64encode(bytes(shift) + plain)
        # The first letters hold bits of what stands before, and the last ones of what comes after.
        begins = 0 if shift == 0 else shift + 1
        whole = (shift + len(plain)) * 8 // 6
        found = known[begins:whole]
        yield found
        yield found.replace(b"+", b"-").replace(b"/", b"_")


def lines_of(value: str) -> list[str]:
    """Give what of a value is searched for: a key of several lines is known by any that is long enough."""
    lines = [line.strip() for line in value.splitlines() if not line.startswith("-----")]
    return [line for line in lines if len(line) >= SHORTEST] if len(lines) > 1 else [value]


def found(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> list[str]:
    """Name each place in which a secret stands, and which; never the secret itself."""
    needles = {
        name: [form for line in lines_of(value) for form in forms(line)] for name, value in secrets.items()
    }
    return sorted(
        f"{place}: {name}"
        for place, text in places.items()
        for name, wanted in needles.items()
        if any(one in text for one in wanted)
    )


def unpacked(release: str) -> bytes:
    """Give a Helm release record as it was before Helm packed it; `release` is as kubectl shows it."""
    inner = base64.b64decode(release)
    # Helm's own record is in base64, and Kubernetes shows a Secret in base64.
    with contextlib.suppress(binascii.Error):
        inner = base64.b64decode(inner, validate=True)
    return gzip.decompress(inner) if inner.startswith(b"\x1f\x8b") else inner
