"""Sign-in in the real authenticators, with the settings of the stacks: who gets in, under which name."""

from __future__ import annotations

import os
from asyncio import run
from typing import Any

import jwt
import pytest
from oauthenticator.azuread import AzureAdOAuthenticator
from oauthenticator.generic import GenericOAuthenticator
from oauthenticator.github import GitHubOAuthenticator
from tornado.httpclient import HTTPClientError
from traitlets.config import Config

from chart.values import build
from settings.smoke import USER
from tests.unit.documents import PROJECT, committed, settings_of

IDS = committed("aiv-prod")["auth"]["groups"]
KEY = "a key that nobody verifies a signature with"


def authenticator(cls: Any, stack: str) -> Any:  # noqa: ANN401 -- of packages of the hub
    """Make it as the hub does: from `hub.config` of the values, with the secret in the environment."""
    os.environ["OAUTH_CLIENT_SECRET"] = "the secret of the application"
    return cls(config=Config(build(settings_of(stack))["hub"]["config"]))


def from_entra(**claims: object) -> dict[str, Any]:
    """What Entra ID answers: an id token, long past its end."""
    body = {"preferred_username": "Ada@aiv.example", "name": "Ada", "oid": "0-1", "exp": 1, **claims}
    return {"access_token": "a", "token_type": "Bearer", "id_token": jwt.encode(body, KEY, "HS256")}


@pytest.mark.parametrize(
    ("groups", "allowed", "admin"),
    [
        ([IDS["users"]], True, False),
        ([IDS["admins"], IDS["users"]], True, True),
        ([IDS["gpu"]], False, False),
        (["users"], False, False),
        ([], False, False),
        (None, False, False),
    ],
)
def test_entra_lets_in_by_object_ids(groups: list[str] | None, allowed: bool, admin: bool) -> None:
    entra = authenticator(AzureAdOAuthenticator, "aiv-prod")
    # With too many groups the token has none, and says where to ask instead.
    claims = {"_claim_names": {"groups": "src1"}} if groups is None else {"groups": groups}
    model = run(entra._token_to_auth_model(from_entra(**claims)))
    assert run(entra.check_allowed(model["name"], model)) is allowed
    assert model["admin"] is admin
    assert model["name"] == "ada@aiv.example"
    assert entra.client_secret == "the secret of the application"


def test_entra_is_asked_at_version_2() -> None:
    entra = authenticator(AzureAdOAuthenticator, "aiv-prod")
    assert entra.authorize_url.endswith("/oauth2/v2.0/authorize")
    assert entra.token_url.endswith("/oauth2/v2.0/token")
    assert entra.get_callback_url() == "https://jupyterhub.aiv.internal/hub/oauth_callback"


def test_who_is_signed_in_stays_so_while_entra_is_down() -> None:
    entra = authenticator(AzureAdOAuthenticator, "aiv-prod")

    async def down(*_args: object, **_more: object) -> None:
        raise HTTPClientError(599, "nobody answers")

    class User:
        name = "ada@aiv.example"

        async def get_auth_state(self) -> dict[str, Any]:
            return {"token_response": from_entra(groups=[IDS["users"]])}

    entra.httpfetch = down
    refreshed = run(entra.refresh_user(User()))
    assert refreshed["groups"] == [IDS["users"]]


@pytest.mark.parametrize(("answer", "allowed"), [(204, True), (302, False), (404, False), (403, False)])
def test_github_lets_in_members_of_the_team(answer: int, allowed: bool) -> None:
    github = authenticator(GitHubOAuthenticator, "lab")
    asked = []

    async def fetch(url: str, *_args: object, **_more: object) -> object:
        asked.append(url)
        return type("Answer", (), {"code": answer, "body": b"{}"})()

    github.httpfetch = fetch
    tokens = {"token_response": {"access_token": "a", "token_type": "bearer"}}
    model = {"name": "stranger", "admin": None, "auth_state": tokens}
    assert run(github.check_allowed("stranger", model)) is allowed
    assert asked == [
        "https://api.github.com/orgs/your-organisation/teams/data-science/members/stranger",
    ]
    assert "read:org" in github.scope


@pytest.mark.parametrize(
    ("groups", "allowed", "admin"),
    [
        (["jupyter-users"], True, False),
        (["jupyter-admins"], True, True),
        (["others"], False, False),
        ([{"id": "1", "name": "jupyter-admins"}], False, False),
        (None, False, False),
    ],
)
def test_cloudflare_lets_in_by_the_groups_of_its_claim(
    groups: list[Any] | None, allowed: bool, admin: bool
) -> None:
    cloudflare = authenticator(GenericOAuthenticator, "carbon254")

    async def userinfo(url: str, *_args: object, **_more: object) -> dict[str, Any]:
        assert url.endswith("/0123456789abcdef0123456789abcdef/userinfo")
        return {"email": "ada@254carbon.example", "sub": "1", **({"groups": groups} if groups else {})}

    cloudflare.httpfetch = userinfo
    model = run(cloudflare._token_to_auth_model({"access_token": "a", "token_type": "Bearer"}))
    assert run(cloudflare.check_allowed(model["name"], model)) is allowed
    assert model["admin"] is admin
    assert model["name"] == "ada@254carbon.example"
    assert cloudflare.enable_pkce


def test_of_a_machines_user_the_provider_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    values = build(settings_of("aiv-prod"))
    entra = authenticator(AzureAdOAuthenticator, "aiv-prod")
    monkeypatch.syspath_prepend(str(PROJECT / "files" / "hub"))
    c = Config()
    known = {"custom.machineUsers": values["custom"]["machineUsers"]}
    exec(values["hub"]["extraConfig"]["machine-users"], {"c": c, "get_config": known.get})  # noqa: S102 -- as the chart does
    entra.update_config(c)

    class User:
        name = ""

        async def get_auth_state(self) -> None:
            return None

    for name, refreshed in ((USER, True), ("ada@aiv.example", False)):
        user = User()
        user.name = name
        assert run(entra.refresh_user(user)) is refreshed
