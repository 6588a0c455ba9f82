"""What an authenticator meets in the hub, as far as it asks: users, and a provider's answers."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jupyterhub import orm
from jupyterhub.crypto import CryptKeeper
from jupyterhub.roles import create_role, get_default_roles
from jupyterhub.user import UserDict
from tornado.httpclient import HTTPClientError, HTTPRequest, HTTPResponse
from tornado.httputil import HTTPHeaders
from traitlets.config import Config

from chart.values import build
from tests.unit.documents import PROJECT, Document, settings_of

HERE = str(PROJECT / "files" / "hub")
if HERE not in sys.path:
    # Where the chart mounts them, the hub's configuration puts their folder on the path.
    sys.path.insert(0, HERE)

SECRET = "the secret of the application"
SIGNER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
FORGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def authenticator(stack: str, patch: Document | None = None, **traits: object) -> Any:  # noqa: ANN401 -- of the hub
    """Make the class that a stack's values name, as the hub does: hub.config, then hub.extraConfig."""
    os.environ["OAUTH_CLIENT_SECRET"] = SECRET
    values = build(settings_of(stack, patch))
    config = Config(values["hub"]["config"])
    known = {f"custom.{name}": value for name, value in values["custom"].items()}
    exec(values["hub"]["extraConfig"]["sign-in"], {"c": config, "get_config": known.get})  # noqa: S102 -- as the chart does
    module, _, name = values["hub"]["config"]["JupyterHub"]["authenticator_class"].partition(".")
    return getattr(__import__(module), name)(config=config, **traits)


def signed(claims: dict[str, Any], key: rsa.RSAPrivateKey = SIGNER, name: str = "one") -> str:
    """Make an id token; None leaves a claim out."""
    now = int(time.time())
    whole = {"iat": now, "nbf": now, "exp": now + 3600, **claims}
    told = {name: value for name, value in whole.items() if value is not None}
    return str(jwt.encode(told, key, "RS256", headers={"kid": name}))


def key_set() -> dict[str, Any]:
    """Give the public half of the signer's key."""
    key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(SIGNER.public_key()))
    return {"keys": [{**key, "kid": "one", "use": "sig"}]}


Answer = Callable[[HTTPRequest], Any]


@dataclass
class Web:
    """A provider's endpoints, by the end of their addresses; an int is a status, an exception is raised."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[HTTPRequest] = field(default_factory=list)

    async def fetch(self, request: HTTPRequest, raise_error: bool = True, **_more: object) -> HTTPResponse:
        self.asked.append(request)
        found = next(answer for end, answer in self.answers.items() if request.url.endswith(end))
        if callable(found):
            found = found(request)
        if isinstance(found, Exception):
            raise found
        status, document = found if isinstance(found, tuple) else (200, found)
        if isinstance(found, int):
            status, document = found, {}
        headers = HTTPHeaders(document.get("headers", {})) if isinstance(document, dict) else HTTPHeaders()
        body = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        answer = HTTPResponse(request, status, headers, BytesIO(body))
        if raise_error and not 200 <= status < 300:
            raise HTTPClientError(status, response=answer)
        return answer

    def to(self, end: str) -> list[HTTPRequest]:
        return [request for request in self.asked if request.url.endswith(end)]


class Handler:
    """A request of a browser that comes back from the provider."""

    def __init__(self, users: UserDict, path: str = "/hub/oauth_callback", method: str = "GET") -> None:
        self._users = users
        self.request = HTTPRequest(f"http://hub{path}", method=method)
        self.request.path = path
        self.refusal = ""

    def get_argument(self, name: str, default: str | None = None) -> str | None:
        return {"code": "the-code"}.get(name, default)

    def get_state_cookie(self) -> str:
        from oauthenticator.oauth2 import _serialize_state

        return str(_serialize_state({"code_verifier": "the-verifier"}))

    def find_user(self, name: str) -> Any:  # noqa: ANN401 -- the hub's
        orm_user = orm.User.find(self._users.db, name)
        return self._users[orm_user] if orm_user else None


@contextmanager
def users() -> Iterator[UserDict]:
    """The hub's users, in a database of its own kind."""
    CryptKeeper.clear_instance()
    CryptKeeper.instance(keys=[b"k" * 32])
    session = orm.new_session_factory("sqlite://")()
    for role in get_default_roles():
        create_role(session, role)
    # What tokens of the hub's own making belong to.
    session.add(orm.OAuthClient(identifier="jupyterhub"))
    session.commit()
    yield UserDict(lambda: session, {})
    session.close()
    CryptKeeper.clear_instance()


async def signs_in(asked: Any, known: UserDict) -> Any:  # noqa: ANN401 -- the hub's
    """Sign somebody in and keep what the hub keeps; gives the user."""
    from departures import keep

    model = await asked.get_authenticated_user(Handler(known), None)
    row = orm.User.find(known.db, model["name"])
    if row is None:
        row = orm.User(name=model["name"])
        known.db.add(row)
        known.db.commit()
    user = known[row]
    await keep(user, model)
    return user


async def after(user: Any, seconds: float) -> None:  # noqa: ANN401 -- the hub's
    """Let time pass since the provider last answered."""
    state = await user.get_auth_state()
    await user.save_auth_state({**state, "proved_at": state["proved_at"] - seconds})
