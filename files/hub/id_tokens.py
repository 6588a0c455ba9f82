"""Checks an id token: who signed it, for whom it is, and that it has not ended.

Runs in the hub. The token comes from the provider itself, over TLS; but a company's own authority may stand
between, and then the signature is what still tells the provider from whoever answers in its place.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import jwt
from refused import Away, Refused

Claims = dict[str, Any]
Fetch = Callable[[str], Awaitable[Any]]

_ALGORITHM = "RS256"
_LEEWAY = 60
# A provider announces a new key long before it signs with it, and a made-up key must not cost a request.
_KEPT = 3600.0
_PAUSE = 60.0
_NEEDED = ("exp", "iss", "aud", "sub")
_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (jwt.ExpiredSignatureError, "token_expired"),
    (jwt.ImmatureSignatureError, "token_expired"),
    (jwt.InvalidAudienceError, "wrong_audience"),
    (jwt.MissingRequiredClaimError, "claim_missing"),
    (jwt.PyJWTError, "token_invalid"),
)


class Keys:
    """The provider's public keys, by the names that tokens call them."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._known: dict[str, Any] = {}
        self._read = float("-inf")

    async def find(self, url: str, name: str) -> Any:  # noqa: ANN401 -- a key of PyJWT
        """Find a key; a name that is not known is looked for once more."""
        age = time.monotonic() - self._read
        unknown = name not in self._known
        if age > _KEPT or (unknown and age > _PAUSE):
            answer = await self._fetch(url)
            self._known = dict(_usable(answer))
            self._read = time.monotonic()
        elif unknown:
            # It may be a new one: to take it for a forgery would sign people out while a provider that lost
            # a key changes it at once.
            raise Away("provider_error")
        if name not in self._known:
            raise Refused("token_invalid")
        return self._known[name]

    async def claims(self, token: object, url: str, audience: str) -> Claims:
        """Give the claims of a sound token; whose tenant and issuer they name is the caller's matter."""
        try:
            name = jwt.get_unverified_header(token)["kid"]
            key = await self.find(url, name)
            found: Claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=audience,
                leeway=_LEEWAY,
                options={"require": list(_NEEDED)},
            )
        except KeyError as error:
            raise Refused("token_invalid") from error
        except jwt.PyJWTError as error:
            raise Refused(next(word for kind, word in _WORDS if isinstance(error, kind))) from error
        return found


def demand(claims: Claims, claim: str, wanted: str, refusal: str) -> None:
    """Refuse a token whose claim has another value."""
    if claim not in claims:
        raise Refused("claim_missing")
    if claims[claim] != wanted:
        raise Refused(refusal)


def _usable(answer: Any) -> list[tuple[str, Any]]:  # noqa: ANN401 -- what the provider answers
    """Take the keys that can have signed a token; others in the set are for other uses."""
    try:
        mine = [key for key in answer["keys"] if key.get("kty") == "RSA" and "kid" in key]
        return [(key["kid"], jwt.PyJWK.from_dict(key, algorithm=_ALGORITHM).key) for key in mine]
    except (jwt.PyJWTError, AttributeError, KeyError, TypeError) as error:
        raise Away("provider_error") from error
