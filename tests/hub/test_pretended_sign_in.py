"""The real authenticators sign in at the pretended identity provider, over TLS, with its people."""

from __future__ import annotations

from asyncio import run
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from oauthenticator.oauth2 import OAuthLoginHandler, _serialize_state
from tornado.simple_httpclient import SimpleAsyncHTTPClient

from embedded.world.identity import server
from embedded.world.identity.tokens import make_key
from embedded.world.people import KINDS, User
from embedded.world.plan import identity_hosts
from embedded.world.service import Port
from embedded.world.services import applications
from embedded.world.stacks import Stack
from tests.hub import fakes
from tests.unit import world_services
from tests.unit.documents import committed

SECRET = fakes.SECRET
BY_IDENTITY = ("aiv-prod", "lab", "carbon254")


@dataclass
class Provider:
    """The provider of one stack, as it runs."""

    stack: Stack
    port: int
    authority: Path
    names: tuple[str, ...]

    def client(self) -> SimpleAsyncHTTPClient:
        """A client that finds the provider's names on loopback, and else nothing."""
        mapping = {(name, 443): ("127.0.0.1", self.port) for name in self.names}
        return SimpleAsyncHTTPClient(force_instance=True, hostname_mapping=mapping)


@pytest.fixture(params=BY_IDENTITY)
def provider(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Provider]:
    document = committed(request.param)
    passwords = {kind: f"the password of {kind}" for kind in KINDS}
    stack = Stack(request.param, document, {"oauthClientSecret": SECRET, "tunnelToken": "eyJ"}, passwords)
    (tmp_path / "identity.key").write_bytes(make_key())
    facts = {"key": str(tmp_path / "identity.key"), "applications": applications([stack])}
    names = identity_hosts(document["auth"])
    port = world_services.free_port()
    made = world_services.service((Port("127.0.0.1", port, tls=True),), facts, names, tmp_path)
    with world_services.running(server.run, made):
        yield Provider(stack, port, tmp_path / "ingress-ca.crt", names)


class Handler:
    """What an authenticator asks of the hub's request."""

    def __init__(self, code: str, state: str) -> None:
        self._code, self._state = code, state

    def get_argument(self, name: str, default: str | None = None) -> str | None:
        return {"code": self._code}.get(name, default)

    def get_state_cookie(self) -> str:
        return self._state


async def sign_in(provider: Provider, user: User, password: str) -> tuple[Any, Any]:
    """Go the whole way of a browser and a hub; gives the authenticator's word and its model of the user."""
    authenticator = fakes.authenticator(provider.stack.name)
    authenticator.http_request_kwargs = {"ca_certs": str(provider.authority)}
    authenticator.http_client = provider.client()
    verifier, challenge = OAuthLoginHandler._generate_pkce_params(None)
    asked = {
        "client_id": authenticator.client_id,
        "redirect_uri": authenticator.get_callback_url(),
        "response_type": "code",
        "scope": " ".join(authenticator.scope),
        "state": "the-state",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    answer = await authenticator.http_client.fetch(
        f"{authenticator.authorize_url}?{urlencode(asked)}",
        method="POST",
        body=urlencode({"username": user.name, "password": password}),
        ca_certs=str(provider.authority),
        follow_redirects=False,
        raise_error=False,
    )
    if answer.code != 302:
        return None, answer.body
    sent = parse_qs(urlsplit(answer.headers["Location"]).query)
    handler = Handler(sent["code"][0], _serialize_state({"code_verifier": verifier}))
    model = await authenticator.authenticate(handler)
    # The hub normalizes a name before it asks who may.
    model["name"] = authenticator.normalize_username(model["name"])
    from refused import Refused

    try:
        return await authenticator.check_allowed(model["name"], model), model
    except Refused as refused:
        return {"not_member": False}[refused.refusal], model


def test_each_of_the_pretended_people_gets_what_is_said_of_them(provider: Provider) -> None:
    for user in provider.stack.users:
        allowed, model = run(sign_in(provider, user, user.password))
        assert bool(allowed) is user.may, user
        assert model["name"] == user.hub_name
        assert bool(model["admin"]) is user.admin
        told = user.claims["teams" if provider.stack.name == "lab" else "groups"]
        known = set(committed(provider.stack.name)["auth"]["groups"].values())
        assert set(model["groups"]) == set(told) & known


def test_a_wrong_password_ends_at_the_provider(provider: Provider) -> None:
    allowed, page = run(sign_in(provider, provider.stack.users[0], "another"))
    assert allowed is None
    assert b'id="refused"' in page
