"""What a pasted text really is: PEM blocks, base64 of something, or a binary file that lost its way."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,40})-----")
_EDGE = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]{1,40}-----")
# Line breaks go missing on the way through forms and variables, or arrive spelled out.
_BREAKS = re.compile(r"\s|\\[rn]")

CERTIFICATES = ("CERTIFICATE", "X509 CERTIFICATE")
KEYS = ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY")
# Other labels, by what they are: none is ever repeated from the text itself.
_LABELS = {
    **dict.fromkeys(CERTIFICATES, "certificate"),
    **dict.fromkeys(KEYS, "key"),
    "ENCRYPTED PRIVATE KEY": "encrypted key",
    "OPENSSH PRIVATE KEY": "OpenSSH key",
    "DSA PRIVATE KEY": "DSA key",
    "PUBLIC KEY": "public key",
    "RSA PUBLIC KEY": "public key",
    "CERTIFICATE REQUEST": "request",
    "NEW CERTIFICATE REQUEST": "request",
    "PKCS7": "PKCS#7",
    "TRUSTED CERTIFICATE": "trusted certificate",
}


@dataclass(frozen=True)
class Block:
    """One BEGIN ... END of a PEM text."""

    label: str
    body: str = field(repr=False)

    @property
    def kind(self) -> str:
        """What it is; an encrypted key may say so in a line of its own (`Proc-Type`)."""
        kind = _LABELS.get(self.label, "unknown")
        return "encrypted key" if kind == "key" and "ENCRYPTED" in self.body else kind

    @property
    def der(self) -> bytes:
        """The bytes inside; none when they are damaged."""
        return unbase64(self.body) or b""


def blocks(text: str) -> list[Block]:
    """Give the PEM blocks of a text, whatever stands around them."""
    return [Block(label, body) for label, body in _BLOCK.findall(text)]


def is_cut(text: str) -> bool:
    """Tell a text of which the end was not pasted: a BEGIN without its END."""
    return len(_BEGIN.findall(text)) > len(blocks(text))


def unbase64(text: str) -> bytes | None:
    """Decode base64 whose line breaks may be anywhere; None when it is none."""
    try:
        return base64.b64decode(_BREAKS.sub("", text), validate=True)
    except (ValueError, binascii.Error):
        return None


def without_edges(text: str) -> str:
    """Take off the BEGIN and END lines that Windows' certutil puts around base64 of any file."""
    return _EDGE.sub("", text)


def kind(text: str) -> str:
    """Name what a text is, for the choice of a remedy."""
    if not text.strip():
        return "empty"
    if is_cut(text):
        return "cut"
    kinds = [block.kind for block in blocks(text)]
    if known := [one for one in kinds if one != "unknown"]:
        return known[0]
    if "\0" in text or "\N{REPLACEMENT CHARACTER}" in text:
        return "binary"
    return _kind_of_bytes(unbase64(without_edges(text)))


def _kind_of_bytes(data: bytes | None) -> str:
    if not data:
        return "unknown"
    if b"-----BEGIN " in data:
        return "PEM in base64"
    return "PFX" if is_pfx(data) else "DER" if data[0] == _SEQUENCE and len(data) > _SMALLEST else "unknown"


_SEQUENCE = 0x30
_SMALLEST = 40


def is_pfx(data: bytes) -> bool:
    """Tell PKCS#12 by its beginning: a sequence that starts with the version, 3."""
    if len(data) < _SMALLEST or data[0] != _SEQUENCE:
        return False
    header = 2 + (data[1] & 0x7F if data[1] & 0x80 else 0)
    return data[header : header + 3] == b"\x02\x01\x03"
