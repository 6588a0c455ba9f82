"""Which services there are, and which of them this server was granted: the catalogue and the environment."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from platform_services.errors import NoCatalogue, NotGranted, UnknownService

CATALOGUE = "PLATFORM_SERVICES"
"""Variable with the path of the catalogue."""
GRANTED = "PLATFORM_SERVICES_GRANTED"
"""Variable with the names of the services that this server may use; without it: all of the catalogue."""
VERSION = 1

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "kafka": 9092, "ray": 10001}


@dataclass(frozen=True)
class Service:
    """One service of the catalogue; it knows addresses and names of variables, never a credential."""

    name: str
    kind: str
    url: str
    description: str = ""
    docs: str | None = None
    variables: Mapping[str, str] = field(default_factory=dict)
    credentials: str | None = None
    """Name of the Secret whose keys this server got as variables; None: everybody signs in as themselves."""
    groups: tuple[str, ...] = ()
    """Who may have it, where the hub says so."""
    granted: bool = True

    @property
    def parts(self) -> SplitResult:
        """The address, taken apart."""
        return urlsplit(self.url)

    @property
    def host(self) -> str:
        """The name or address of its machine."""
        return self.parts.hostname or ""

    @property
    def port(self) -> int:
        """The port, given or usual."""
        return self.parts.port or _PORTS.get(self.parts.scheme, 443)

    @property
    def address(self) -> str:
        """Where it is, as a person reads it."""
        return f"{self.host}:{self.port}"

    def variable(self, name: str, environment: Mapping[str, str] | None = None) -> str | None:
        """Give a variable of this service: where two are of one kind, its own before the common one."""
        found = os.environ if environment is None else environment
        own = f"{name}_{self.name.upper().replace('-', '_')}"
        return found.get(own) or found.get(name) or None


@dataclass(frozen=True)
class Catalogue:
    """All services that users of this hub may come to know of."""

    services: tuple[Service, ...]
    contact: str | None = None

    @property
    def granted(self) -> tuple[Service, ...]:
        """Those that this server may use."""
        return tuple(service for service in self.services if service.granted)

    def one(self, name: str) -> Service:
        """Give a granted service by its name, or by its kind where there is only one of it."""
        found = self._named(name)
        if found.granted:
            return found
        who = " or ".join(found.groups)
        asked = self.contact or "whoever runs the hub"
        raise NotGranted(
            found.name,
            f"This server has no way to it and no credentials for it. You have: {_names(self.granted)}.",
            f"Ask {asked} for {f'membership of {who}' if who else 'it'}; then stop and start your server.",
        )

    def _named(self, name: str) -> Service:
        wanted = name.strip().casefold()
        for service in self.services:
            if service.name.casefold() == wanted:
                return service
        of_kind = [service for service in self.services if service.kind.casefold() == wanted]
        if len(of_kind) == 1:
            return of_kind[0]
        if of_kind:
            raise UnknownService(
                f"There are {len(of_kind)} services of the kind {name}.",
                "It was not guessed which one you mean.",
                f"Say which: {_names(of_kind)}.",
            )
        known = {service.name.casefold(): service.name for service in self.services}
        near = difflib.get_close_matches(wanted, known, n=1)
        raise UnknownService(
            f"This hub knows no service {name}.",
            "Nothing was connected.",
            "".join(f"Did you mean {known[one]}? " for one in near) + f"There are: {_names(self.services)}.",
        )


def load(environment: Mapping[str, str] | None = None) -> Catalogue:
    """Read the catalogue that the hub gave this server."""
    found = os.environ if environment is None else environment
    path = found.get(CATALOGUE)
    if not path:
        raise NoCatalogue(
            f"This server was told of no platform services: the variable {CATALOGUE} is not set.",
            "None can be connected by name.",
            "On a hub without services there is nothing to do; else start this notebook from the hub.",
        )
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return _read(document, found.get(GRANTED))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NoCatalogue(
            f"The catalogue of services cannot be read: {path} ({type(error).__name__}).",
            "No service can be connected by name.",
            "Stop and start your server; if that does not help, tell whoever runs the hub.",
        ) from None


def _read(document: Mapping[str, Any], granted: str | None) -> Catalogue:
    if document["version"] != VERSION:
        raise ValueError(document["version"])
    mine = None if granted is None else {name.strip() for name in granted.split(",")}
    services = tuple(_service(entry, mine) for entry in document["services"])
    return Catalogue(services, document.get("contact"))


def _service(entry: Mapping[str, Any], mine: set[str] | None) -> Service:
    return Service(
        name=entry["name"],
        kind=entry["kind"],
        url=entry["url"],
        description=entry.get("description") or "",
        docs=entry.get("docs"),
        variables=dict(entry.get("variables") or {}),
        credentials=entry.get("credentials"),
        groups=tuple(entry.get("groups") or ()),
        granted=mine is None or entry["name"] in mine,
    )


def _names(services: tuple[Service, ...] | list[Service]) -> str:
    return ", ".join(service.name for service in services) or "none"
