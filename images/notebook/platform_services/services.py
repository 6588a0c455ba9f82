"""What a notebook calls: which services there are, whether they are up, and their clients."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from platform_services import catalogue, doors
from platform_services.catalogue import Service
from platform_services.clients import CLIENTS, Client
from platform_services.errors import (
    CredentialsRefused,
    NoCatalogue,
    NotGranted,
    NotReachable,
    PlatformServiceError,
    UnknownService,
    without_secrets,
)

# What clients say when they reached the service and it does not let them in; each in its library's words.
_REFUSALS = (
    "authentication failed",
    "password",
    "permission denied",
    "unauthorized",
    "forbidden",
    "401",
    "403",
)
_CREDENTIAL_OPTIONS = ("password", "secret", "key", "token", "auth", "sasl.password")
_LONGEST = 300


@dataclass(frozen=True)
class State:
    """A service as it is now."""

    name: str
    kind: str
    address: str
    granted: bool
    up: bool
    why: str
    """Why it cannot be used; empty where it can."""


def available() -> tuple[Service, ...]:
    """Give the services that this server was granted."""
    return catalogue.load().granted


def describe(name: str) -> str:
    """Say what a service is, where it is, and what `connect` gives; never a credential."""
    service = catalogue.load().one(name)
    client = CLIENTS.get(service.kind)
    lines = [f"{service.name}: {service.description}".rstrip(": "), f"  address      {service.url}"]
    if client:
        lines.append(f"  connect()    {client.gives}")
    lines += [f"  variable     {variable}" for variable in sorted(service.variables)]
    held = [key for key in (client.credentials if client else ()) if service.variable(key)]
    lines.append(f"  credentials  {', '.join(held) or 'none here: sign in as yourself'}")
    return "\n".join([*lines, *([f"  read more    {service.docs}"] if service.docs else [])])


def check(name: str, timeout: float = doors.TIMEOUT) -> State:
    """Say whether a service is up; an unknown name is an error, everything else an answer."""
    known = catalogue.load()
    try:
        return _state(known.one(name), timeout)
    except NotGranted as refusal:
        (service,) = [each for each in known.services if each.name == refusal.name]
        return _state(service, timeout)


def reachable(timeout: float = 1.0) -> list[State]:
    """Say of every service at once whether it can be used; empty where the hub told of none."""
    try:
        known = catalogue.load().services
    except NoCatalogue:
        return []
    if not known:
        return []
    with ThreadPoolExecutor(len(known)) as pool:
        return list(pool.map(partial(_state, timeout=timeout), known))


def _state(service: Service, timeout: float) -> State:
    told = (service.name, service.kind, service.address)
    if not service.granted:
        return State(*told, False, False, "not granted to you")
    try:
        doors.knock(service, timeout)
    except NotReachable as error:
        return State(*told, True, False, error.detail)
    return State(*told, True, True, "")


def connect(name: str, timeout: float = doors.TIMEOUT, **options: Any) -> Any:
    """Give a service's own client, connected or ready to; options go to that client.

    Raises UnknownService, NotGranted, NotReachable, CredentialsRefused or MissingLibrary.
    """
    service = catalogue.load().one(name)
    client = CLIENTS.get(service.kind)
    if client is None:
        raise UnknownService(
            f"This package knows no client for services of the kind {service.kind}.",
            f"{service.name} is at {service.url}; nothing was connected.",
            "Use a library of your own; the image of your server may be older than the hub.",
        )
    doors.knock(service, timeout)
    secrets = _secrets(service, client, options)
    try:
        return client.open(service, dict(options))
    except PlatformServiceError:
        raise
    except Exception as error:
        # Not chained: a library's own error may show what it was given.
        raise _translated(service, error, secrets) from None


def _secrets(service: Service, client: Client, options: Mapping[str, Any]) -> list[str]:
    held = [service.variable(name, os.environ) or "" for name in client.credentials]
    return held + [str(value) for name, value in options.items() if name in _CREDENTIAL_OPTIONS]


def _translated(service: Service, error: Exception, secrets: list[str]) -> NotReachable:
    said = " ".join(without_secrets(str(error), secrets).split())[:_LONGEST] or type(error).__name__
    if any(word in said.casefold() for word in _REFUSALS):
        return CredentialsRefused(service.name, service.address, f"it refuses the credentials: {said}")
    return NotReachable(service.name, service.address, "answer", f"its client gave up: {said}")
