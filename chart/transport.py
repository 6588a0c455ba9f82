"""HTTP as a fetch of a chart needs it: time-outs, sizes, company proxies and authorities, no traceback.

Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY; authorities those of REQUESTS_CA_BUNDLE,
CURL_CA_BUNDLE or SSL_CERT_FILE.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests
import urllib3
from requests.auth import AuthBase

from chart.unusable import Unusable, unusable
from settings.chart import is_this_machine

MEBI = 1024 * 1024
OK, WANTS_LOGIN, FORBIDDEN, ABSENT = 200, 401, 403, 404
_DIRECT = {"http": "", "https": ""}
_CONNECT, _SILENCE, _WHOLE = 10.0, 30.0, 180.0
_AUTHORITIES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
_CLOSED = "In a closed network put the packed chart into the project (source: path), or name a mirror of it."


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    address: str


class Anonymous(AuthBase):
    """No login. Named on purpose: else a login of ~/.netrc would take the place of a token."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Leave the request as it is."""
        return request


def get(
    address: str,
    *,
    field: str,
    most: int,
    headers: Mapping[str, str] | None = None,
    login: AuthBase | None = None,
) -> Answer:
    """Ask for an address; whatever keeps an answer from coming raises Unusable."""
    host = urlsplit(address).hostname or address
    try:
        with requests.Session() as session:
            response = session.get(
                address,
                # Else a server that calls a .tgz "gzip-encoded" has it unpacked, and its digest changes.
                headers={"Accept-Encoding": "identity", **(headers or {})},
                auth=login,
                # A proxy cannot reach what listens on this machine.
                proxies=_DIRECT if is_this_machine(host) else None,
                timeout=(_CONNECT, _SILENCE),
                verify=_authorities(),
                stream=True,
            )
            _stays_encrypted(address, response, field)
            return Answer(
                response.status_code, response.headers, _body(response, most, field, host), response.url
            )
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        what, remedy = _reason(error)
        raise unusable(field, f"{host} {what}.", remedy, "The chart cannot be fetched.") from error


def refused(answer: Answer, field: str, host: str, login: str) -> Unusable:
    """Say what a status other than 200 means."""
    follows = "The chart cannot be fetched."
    if answer.status in (WANTS_LOGIN, FORBIDDEN):
        said = f"{host} wants a login, or the one it was given may not read (status {answer.status})."
        return unusable(field, said, login, follows)
    if answer.status == ABSENT:
        return unusable(
            field,
            f"{host} has nothing at that address (status 404).",
            "Correct the address in the settings.",
            follows,
        )
    return unusable(
        field, f"{host} answers with status {answer.status}.", f"Try again later. {_CLOSED}", follows
    )


def _body(response: requests.Response, most: int, field: str, host: str) -> bytes:
    """Read to the end, but neither for ever nor without end."""
    ends, body = time.monotonic() + _WHOLE, bytearray()
    for piece in response.raw.stream(65536, decode_content=False):
        body += piece
        if len(body) > most:
            raise unusable(
                field, f"{host} gives more than {most // MEBI} MiB.", "Correct the address: this is no chart."
            )
        if time.monotonic() > ends:
            raise requests.ReadTimeout
    return bytes(body)


def _stays_encrypted(address: str, response: requests.Response, field: str) -> None:
    if address.startswith("https:") and not response.url.startswith("https:"):
        raise unusable(
            field,
            f"{urlsplit(address).hostname} leads on to plain HTTP.",
            "Have it corrected there, or name an address that stays with https.",
        )


def _authorities() -> str | bool:
    return next((place for name in _AUTHORITIES if (place := os.environ.get(name))), True)


# In this order: a later kind of error includes earlier ones. Their own texts may hold a proxy's password.
_REASONS: tuple[tuple[type[Exception], str, str], ...] = (
    (
        requests.exceptions.ProxyError,
        "cannot be reached through the proxy",
        "Correct HTTPS_PROXY; name in NO_PROXY what is reached without it.",
    ),
    (
        requests.exceptions.SSLError,
        "shows a certificate that is not trusted here",
        "Name the file with the company's authorities in SSL_CERT_FILE.",
    ),
    (requests.exceptions.Timeout, "does not answer in time", f"Set HTTPS_PROXY if there is one. {_CLOSED}"),
    (
        requests.exceptions.TooManyRedirects,
        "leads in circles",
        "Correct the address in the settings.",
    ),
    (
        requests.exceptions.ConnectionError,
        "cannot be reached: no such name, no way to it, or nothing listens there",
        f"Set HTTPS_PROXY if there is one. {_CLOSED}",
    ),
)


def _reason(error: Exception) -> tuple[str, str]:
    for kind, what, remedy in _REASONS:
        if isinstance(error, kind):
            return what, remedy
    if isinstance(error, OSError) and "CA certificate" in str(error):
        names = ", ".join(_AUTHORITIES)
        return (
            "was not asked: there is no file with authorities where the environment says",
            f"Correct {names}.",
        )
    return f"gives no whole answer ({type(error).__name__})", f"Try again. {_CLOSED}"
