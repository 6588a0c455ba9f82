"""Cloudflare Access' sign-in by the real class: a signed token, and what the provider tells beside it."""

from __future__ import annotations

from asyncio import run
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jupyterhub.user import UserDict
from tornado.httpclient import HTTPClientError

from tests.hub import fakes
from tests.hub.fakes import FORGER, Web, after, key_set, signed, signs_in
from tests.unit.documents import committed

CLIENT = committed("carbon254")["auth"]["clientId"]
BASE = f"https://254carbon.cloudflareaccess.com/cdn-cgi/access/sso/oidc/{CLIENT}"
SIGNED = {"iss": BASE, "aud": CLIENT, "sub": "s-1"}
TOLD = {"sub": "s-1", "email": "Ada@254carbon.example", "groups": ["jupyter-users"]}


@pytest.fixture(name="known")
def _known() -> Iterator[UserDict]:
    with fakes.users() as known:
        yield known


def tokens(claims: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- as signed takes it
    token = signed({**SIGNED, **(claims or {})}, **more)
    return {"access_token": "a", "token_type": "Bearer", "id_token": token}


def cloudflare(told: dict[str, Any] | None = None, answers: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 -- of the hub
    """Make the class, before a provider that answers so."""
    made = fakes.authenticator("carbon254")
    usual = {"/token": tokens(), "/jwks": key_set(), "/userinfo": {**TOLD, **(told or {})}}
    made.http_client = Web({**usual, **(answers or {})})
    return made


def refusal(asked: Any, known: UserDict) -> tuple[str, int]:  # noqa: ANN401 -- of the hub
    from refused import Refused

    with pytest.raises(Refused) as found:
        run(signs_in(asked, known))
    return found.value.refusal, found.value.status_code


@pytest.mark.parametrize(
    ("groups", "admin"), [(["jupyter-users"], False), (["jupyter-users", "jupyter-admins"], True)]
)
def test_groups_decide(groups: list[str], admin: bool, known: UserDict) -> None:
    asked = cloudflare({"groups": groups})
    user = run(signs_in(asked, known))
    assert (user.name, user.admin) == ("ada@254carbon.example", admin)
    assert asked.http_client.to("/userinfo")[0].url == f"{BASE}/userinfo"
    assert asked.enable_pkce


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ({"groups": ["others"]}, "not_member"),
        ({"groups": None}, "not_member"),
        ({"groups": [{"id": "1", "name": "jupyter-admins"}]}, "not_member"),
        ({"email": None}, "claim_missing"),
        ({"sub": "s-2"}, "token_invalid"),
    ],
)
def test_who_is_told_of_otherwise_stays_out(told: dict[str, Any], word: str, known: UserDict) -> None:
    assert refusal(cloudflare(told), known) == (word, 403)


@pytest.mark.parametrize(
    ("given", "word"),
    [
        (tokens({"aud": "another"}), "wrong_audience"),
        (tokens({"iss": BASE.replace("254carbon", "another")}), "wrong_issuer"),
        (tokens({"exp": 1}), "token_expired"),
        (tokens({"sub": None}), "claim_missing"),
        (tokens(key=FORGER), "token_invalid"),
        ({"access_token": "a", "token_type": "Bearer"}, "token_invalid"),
        ({"access_token": "a", "token_type": "Bearer", "id_token": None}, "token_invalid"),
    ],
)
def test_a_token_that_is_not_ours_lets_nobody_in(given: dict[str, Any], word: str, known: UserDict) -> None:
    assert refusal(cloudflare(answers={"/token": given}), known) == (word, 403)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (401, ("session_revoked", 403)),
        (500, ("provider_error", 503)),
        (HTTPClientError(599, "nobody answers"), ("provider_unreachable", 503)),
    ],
)
def test_without_a_word_of_who_it_is_nobody_gets_in(
    answer: object, word: tuple[str, int], known: UserDict
) -> None:
    assert refusal(cloudflare(answers={"/userinfo": answer}), known) == word


def test_keys_that_cannot_be_read_are_an_outage(known: UserDict) -> None:
    assert refusal(cloudflare(answers={"/jwks": {"keys": "none"}}), known) == ("provider_error", 503)


def test_an_id_token_need_not_come_with_a_refresh(known: UserDict) -> None:
    asked = cloudflare(answers={"/token": {**tokens(), "refresh_token": "first"}})
    user = run(signs_in(asked, known))
    run(after(user, 60))
    asked.http_client.answers["/token"] = {"access_token": "b", "token_type": "Bearer"}
    assert run(asked.refresh_user(user))["groups"] == ["jupyter-users"]
    assert run(user.get_auth_state())["refresh_token"] == "first"


def test_without_a_refresh_token_the_access_token_is_what_is_asked_with(known: UserDict) -> None:
    asked = cloudflare()
    user = run(signs_in(asked, known))
    run(after(user, 60))
    asked.http_client.answers["/userinfo"] = {**TOLD, "groups": ["jupyter-users", "jupyter-admins"]}
    assert run(asked.refresh_user(user))["admin"] is True
    assert len(asked.http_client.to("/token")) == 1
    run(after(user, 60))
    asked.http_client.answers["/userinfo"] = 401
    assert run(asked.refresh_user(user)) is False
    assert not user.admin
