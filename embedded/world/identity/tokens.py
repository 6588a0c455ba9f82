"""Signed tokens (RS256). Access tokens are such too, so that a restart of the provider forgets nobody."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Claims = Mapping[str, Any]


def make_key() -> bytes:
    """Make a signing key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


class Tokens:
    """Signs and verifies with one key; another one follows, for a provider that changes its keys."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._next: Tokens | None = None
        numbers = key.public_key().public_numbers()
        self._modulus = _encoded(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        self._exponent = _encoded(numbers.e.to_bytes(3, "big"))
        self._name = hashlib.sha256(self._modulus.encode()).hexdigest()[:16]

    @classmethod
    def of(cls, file: Path) -> Tokens:
        """Read the key."""
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError(f"{file} is no RSA key")
        return cls(key)

    def keys(self) -> dict[str, Any]:
        """Give the public half as a JSON Web Key Set."""
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._name}
        return {"keys": [{**key, "n": self._modulus, "e": self._exponent}]}

    def next(self) -> Tokens:
        """Give the key that follows, the same one each time."""
        if self._next is None:
            self._next = Tokens(rsa.generate_private_key(public_exponent=65537, key_size=2048))
        return self._next

    def sign(self, claims: Claims, life: float, ahead: float = 0.0) -> str:
        """Make a token that ends after so many seconds; a claim that is None is left out."""
        now = int(time.time() + ahead)
        times = {"iat": now, "nbf": now, "exp": now + int(life), "jti": secrets.token_hex(8)}
        header = {"alg": "RS256", "typ": "JWT", "kid": self._name}
        told = {name: value for name, value in {**times, **claims}.items() if value is not None}
        signed = f"{_json(header)}.{_json(told)}"
        signature = self._key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_encoded(signature)}"

    def read(self, token: str) -> Claims | None:
        """Give the claims of a token of ours that has not ended; None for any other."""
        signed, _, signature = token.rpartition(".")
        try:
            self._key.public_key().verify(
                _decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
            )
            claims = json.loads(_decoded(signed.partition(".")[2]))
        except (InvalidSignature, ValueError):
            return None
        return claims if isinstance(claims, dict) and claims.get("exp", 0) > time.time() else None


def _json(document: object) -> str:
    return _encoded(json.dumps(document, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
