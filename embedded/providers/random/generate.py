"""The random values themselves; every one comes from the operating system's generator."""

from __future__ import annotations

import base64
import ctypes
import ctypes.util
import secrets
import string
import threading
from collections.abc import Mapping
from dataclasses import dataclass

from embedded.providers.codec import Value
from embedded.providers.errors import ProviderError

SPECIAL = "!@#$%&*()-_=+[]{}<>:?"
BCRYPT_COST = 10
_BCRYPT_ALPHABET = "./" + string.ascii_uppercase + string.ascii_lowercase + string.digits
_crypt_lock = threading.Lock()


@dataclass(frozen=True)
class Characters:
    """One class of characters of a password: may it be used, how many at least."""

    alphabet: str
    wanted: bool
    minimum: int


def character_classes(inputs: Mapping[str, Value]) -> list[Characters]:
    """Read the classes from the inputs of RandomPassword or RandomString."""
    digits = inputs.get("numeric", inputs.get("number", True))
    special = inputs.get("overrideSpecial") or SPECIAL
    return [
        Characters(special, inputs.get("special", True), inputs.get("minSpecial") or 0),
        Characters(string.ascii_lowercase, inputs.get("lower", True), inputs.get("minLower") or 0),
        Characters(string.ascii_uppercase, inputs.get("upper", True), inputs.get("minUpper") or 0),
        Characters(string.digits, digits, inputs.get("minNumeric") or 0),
    ]


def text(length: int, classes: list[Characters]) -> str:
    """Make a text: the minimum of each class, the rest from all wanted classes, in random order."""
    everything = "".join(one.alphabet for one in classes if one.wanted)
    letters = [secrets.choice(one.alphabet) for one in classes for _ in range(one.minimum)]
    letters += [secrets.choice(everything) for _ in range(length - len(letters))]
    secrets.SystemRandom().shuffle(letters)
    return "".join(letters)


def bcrypt(password: str) -> str:
    """Hash like Go's bcrypt with its default cost, by the system's crypt(3)."""
    library = ctypes.util.find_library("crypt")
    if library is None:
        raise ProviderError("bcryptHash needs the system's libcrypt, which is missing: install libcrypt1")
    crypt = ctypes.CDLL(library).crypt
    crypt.restype, crypt.argtypes = ctypes.c_char_p, [ctypes.c_char_p, ctypes.c_char_p]
    salt = "".join(secrets.choice(_BCRYPT_ALPHABET) for _ in range(21)) + secrets.choice(".Oeu")
    with _crypt_lock:
        # crypt(3) answers in one static buffer, and bcrypt itself reads no more than 72 bytes.
        hashed = crypt(password.encode()[:72], f"$2b${BCRYPT_COST}${salt}".encode())
    if not hashed or hashed.startswith(b"*"):
        raise ProviderError("the system's libcrypt knows no bcrypt, which bcryptHash needs")
    return str(hashed.decode()).replace("$2b$", "$2a$", 1)


def unpadded(data: bytes) -> str:
    """Write base64 as URLs take it, without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def padded(text_: str) -> bytes:
    """Read base64 as URLs take it, with or without padding."""
    return base64.urlsafe_b64decode(text_ + "=" * (-len(text_) % 4))
