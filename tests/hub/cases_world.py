"""What the table runs in: the pretended provider with each row's person, and hubs of the stacks beside it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from chart.sign_in import authenticator
from chart.values import build
from embedded.world.identity import server
from embedded.world.identity.grants import Grants
from embedded.world.identity.tokens import Tokens, make_key
from embedded.world.plan import identity_hosts
from embedded.world.service import Port
from embedded.world.services import applications
from embedded.world.stacks import Stack
from tests.hub.cases import HUBS, STACKS, Case, Provider
from tests.hub.cases_browser import Browser, Doors
from tests.hub.running import CLIENT_SECRET, COOKIE_SECRET, CRYPT_KEY, More, RunningHub, running_hub
from tests.unit import world_services
from tests.unit.documents import Document, committed, patched, settings_of

# A second application of the same tenant: a code for it is none for the first.
OTHER = "aiv-staging"
PATIENCE = 3.0
DOMAIN = "pretended.example"


@dataclass
class World:
    """The provider, and all that was secret in it."""

    folder: Path
    port: int
    passwords: dict[str, str] = field(default_factory=dict)
    issued: list[str] = field(default_factory=list)
    """Codes and tokens."""
    cookies: set[str] = field(default_factory=set)
    pages: list[str] = field(default_factory=list)
    logs: list[Path] = field(default_factory=list)
    serving: ExitStack = field(default_factory=ExitStack)
    serve: Callable[[], AbstractContextManager[None]] = nullcontext
    """Starts the provider, on the same port each time."""

    @contextmanager
    def away(self) -> Iterator[None]:
        """Let nobody listen where the provider was."""
        self.serving.close()
        try:
            yield
        finally:
            self.serving.enter_context(self.serve())

    @property
    def changes(self) -> Path:
        """The provider's file of what differs."""
        return self.folder / "people.json"

    def say(self, changes: Mapping[str, Any]) -> None:
        """Lay something over what differs, person by person."""
        known = json.loads(self.changes.read_text())
        written = self.changes.with_suffix(".new")
        written.write_text(json.dumps({**known, **changes}))
        written.replace(self.changes)

    def browser(self, hub: Hub) -> Browser:
        """Open a browser that nobody has used yet."""
        host = committed(STACKS[hub.provider])["ingress"]["host"]
        doors = Doors(self.port, self.folder / "ingress-ca.crt", hub.names, hub.running.url, host)
        return Browser(doors, self.pages, self.cookies)


@dataclass(frozen=True)
class Hub:
    """A hub of one stack as it runs."""

    provider: Provider
    running: RunningHub
    names: tuple[str, ...]
    """Hosts of its provider."""


def account(case: Case, password: str) -> dict[str, Any]:
    """Write down a row's person as the provider's configuration has people."""
    auth = committed(STACKS[case.provider])["auth"]
    claims = {
        "id": case.identifier,
        "email": case.person if "@" in case.person else f"{case.person}@{DOMAIN}",
        "title": "Somebody",
        "groups": _memberships(auth, case.member_of),
        **case.known,
    }
    claims.setdefault("teams", claims["groups"])
    return {"name": case.person, "password": password, "claims": claims}


def _memberships(auth: Document, member_of: Iterable[str]) -> list[str]:
    if auth["provider"] == "github":
        team, admins = auth["groups"]["members"], auth["groups"]["admins"]
        member = [team.partition(":")[0], team]
        kinds = {"member": member, "administrator": [*member, admins]}
    else:
        users, admins = auth["groups"]["users"], auth["groups"]["admins"]
        kinds = {"member": [users], "administrator": [admins, users], "only-administrator": [admins]}
    return [group for name in member_of for group in kinds.get(name, [name])]


@contextmanager
def running_world(folder: Path, cases: Iterable[Case]) -> Iterator[World]:
    """Run the provider of all three stacks, with a person for each row."""
    cases = tuple(cases)
    world = World(folder, world_services.free_port())
    (folder / "identity.key").write_bytes(make_key())
    world.changes.write_text(json.dumps({case.person: case.change for case in cases if case.change}))
    known = applications([*map(_stack, (*STACKS.values(), OTHER)), *_in_other_clouds()])
    for application in known:
        mine = [case for case in cases if case.provider == application["provider"]]
        for case in mine:
            world.passwords.setdefault(case.person, secrets.token_urlsafe(12))
        application["people"] = [account(case, world.passwords[case.person]) for case in mine]
    facts = {"key": str(folder / "identity.key"), "changes": str(world.changes), "applications": known}
    documents = [*map(committed, STACKS.values()), *(stack.document for stack in _in_other_clouds())]
    hosts = {name for document in documents for name in identity_hosts(document["auth"])}
    made = world_services.service(
        (Port("127.0.0.1", world.port, tls=True),), facts, tuple(sorted(hosts)), folder
    )
    world.serve = partial(world_services.running, server.run, made)
    with pytest.MonkeyPatch.context() as patch, world.serving:
        _remember(patch, world)
        world.serving.enter_context(world.serve())
        yield world


def _stack(name: str, patch: Document | None = None) -> Stack:
    made = {"oauthClientSecret": CLIENT_SECRET, "tunnelToken": "eyJ"}
    return Stack(name, patched(committed(name), patch or {}), made, _NOBODY)


def _in_other_clouds() -> list[Stack]:
    """Hubs of tenants in clouds of their own."""
    return [_stack(STACKS["entra"], {"auth": dict(auth)}) for auth in HUBS.values() if "cloud" in auth]


_NOBODY = dict.fromkeys(("member", "administrator", "gpu", "stranger"), "nobody's")


def _remember(patch: pytest.MonkeyPatch, world: World) -> None:
    """Keep each code and token that the provider gives."""
    for cls, name in ((Grants, "give"), (Tokens, "sign")):
        original = getattr(cls, name)

        def kept(*args: Any, _original: Any = original, **more: Any) -> Any:  # noqa: ANN401 -- either of two
            made = _original(*args, **more)
            world.issued.append(made)
            return made

        patch.setattr(cls, name, kept)


def spilled(world: World) -> list[str]:
    """Name the pages and logs of hubs in which something secret stands, and what kind of secret it is."""
    kinds = {
        "the application's secret": [CLIENT_SECRET],
        "a password": world.passwords.values(),
        "a code or a token": world.issued,
        "a cookie": world.cookies,
        "a key of the hub": [COOKIE_SECRET, CRYPT_KEY],
    }
    assert all(kinds.values())
    places = {f"page {number}": page for number, page in enumerate(world.pages)}
    places |= {f"log {file.parent.name}": file.read_text() for file in world.logs}
    return [
        f"{place}: {kind}"
        for place, text in places.items()
        for kind, values in kinds.items()
        if any(value in text for value in values)
    ]


@dataclass(frozen=True)
class Changed:
    """In what a hub differs from the stack's own."""

    patch: Mapping[str, Any] = field(default_factory=dict)
    """Laid over the stack's settings."""
    config: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Laid over what comes of them."""
    then: str = ""
    """Code that runs last in the hub's configuration."""
    starts: bool = False
    """Whether servers start."""


@contextmanager
def hub_of(world: World, provider: Provider, changed: Changed | None = None) -> Iterator[Hub]:
    """Run the hub of a provider's stack."""
    changed = changed or Changed()
    settings = settings_of(STACKS[provider], dict(changed.patch))
    values = build(settings)
    place = world.folder / f"hub-{secrets.token_hex(4)}"
    place.mkdir()
    mine = authenticator(settings.auth)
    asks = {"ca_certs": str(world.folder / "ingress-ca.crt"), "request_timeout": PATIENCE}
    config = {**changed.config, mine: {**changed.config.get(mine, {}), "http_request_kwargs": asks}}
    # No other name is known: who asks the wrong cloud finds nobody.
    names = identity_hosts(patched(committed(STACKS[provider]), dict(changed.patch))["auth"])
    more = More(
        values=values, names=dict.fromkeys(names, world.port), then=changed.then, starts=changed.starts
    )
    with running_hub(place, values["hub"], config, more) as running:
        world.logs.append(running.log)
        yield Hub(provider, running, names)
