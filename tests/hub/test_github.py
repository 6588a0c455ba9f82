"""GitHub's sign-in by the real class: members of teams, by the number of their account."""

from __future__ import annotations

from asyncio import run
from collections.abc import Iterator
from typing import Any

import pytest
from jupyterhub.user import UserDict
from tornado.httpclient import HTTPClientError

from tests.hub import fakes
from tests.hub.fakes import Handler, Web, after, signs_in

TEAM = "/orgs/your-organisation/teams/data-science/members/"
ADMINS = "/orgs/your-organisation/teams/jupyterhub-admins/members/"
USED_UP = {"headers": {"X-RateLimit-Remaining": "0"}}
TOKENS = {"access_token": "a", "token_type": "bearer", "scope": "read:org"}


@pytest.fixture(name="known")
def _known() -> Iterator[UserDict]:
    with fakes.users() as known:
        yield known


def github(
    member: object = 204, login: str = "Ada", number: int | None = 7, admin: object = 404, **answers: object
) -> Any:  # noqa: ANN401 -- of the hub
    """Make the class, before a GitHub that answers so."""
    made = fakes.authenticator("lab")
    who = {"login": login, "id": number, "email": None}
    places = {TEAM + login.lower(): member, ADMINS + login.lower(): admin}
    made.http_client = Web({"access_token": TOKENS, "/user": who, **places, **answers})
    return made


def refusal(asked: Any, known: UserDict) -> tuple[str, int]:  # noqa: ANN401 -- of the hub
    from refused import Refused

    with pytest.raises(Refused) as found:
        run(signs_in(asked, known))
    return found.value.refusal, found.value.status_code


def test_a_member_of_the_team_gets_in(known: UserDict) -> None:
    asked = github()
    user = run(signs_in(asked, known))
    assert (user.name, user.admin) == ("ada", False)
    assert "read:org" in asked.scope
    assert run(user.get_auth_state())["subject"] == "7"


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (404, ("not_member", 403)),
        (302, ("not_member", 403)),
        (401, ("session_revoked", 403)),
        (403, ("account_disabled", 403)),
        ((403, USED_UP), ("provider_error", 503)),
        (429, ("provider_error", 503)),
        (500, ("provider_error", 503)),
        (HTTPClientError(599, "nobody answers"), ("provider_unreachable", 503)),
    ],
)
def test_only_a_plain_yes_makes_a_member(answer: object, word: tuple[str, int], known: UserDict) -> None:
    assert refusal(github(answer), known) == word


def test_an_administrator_is_in_the_team_of_administrators(known: UserDict) -> None:
    user = run(signs_in(github(admin=204), known))
    assert user.admin
    assert {group.name for group in user.groups} == {
        "your-organisation:data-science",
        "your-organisation:jupyterhub-admins",
    }
    assert refusal(github(404, admin=404), known) == ("not_member", 403)


def test_an_outage_at_one_team_is_no_answer_about_it(known: UserDict) -> None:
    assert refusal(github(204, admin=502), known) == ("provider_error", 503)


def test_who_is_in_that_team_no_longer_administers_no_longer(known: UserDict) -> None:
    # None would leave an administrator of before what the hub's database says.
    assert run(github().get_authenticated_user(Handler(known), None))["admin"] is False


def test_an_account_without_a_number_is_nobody(known: UserDict) -> None:
    assert refusal(github(number=None), known) == ("claim_missing", 403)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ({"error": "bad_verification_code", "error_description": "used"}, ("code_refused", 403)),
        ({"error": "incorrect_client_credentials"}, ("provider_error", 503)),
        ({}, ("provider_error", 503)),
        (502, ("provider_error", 503)),
    ],
)
def test_a_refusal_with_status_200_is_one(answer: object, word: tuple[str, int], known: UserDict) -> None:
    assert refusal(github(access_token=answer), known) == word


def test_a_name_that_somebody_else_registered_opens_no_home(known: UserDict) -> None:
    asked = github()
    run(signs_in(asked, known))
    assert refusal(github(number=8), known) == ("another_person", 403)


def test_nor_does_it_after_its_owner_has_left(known: UserDict) -> None:
    asked = github()
    user = run(signs_in(asked, known))
    run(after(user, 60))
    asked.http_client.answers[TEAM + "ada"] = 404
    assert run(asked.refresh_user(user)) is False
    assert refusal(github(number=8), known) == ("another_person", 403)
    assert run(signs_in(github(), known)) is user


def test_who_is_renamed_is_signed_out_and_told_so(known: UserDict) -> None:
    asked = github()
    user = run(signs_in(asked, known))
    run(after(user, 60))
    asked.http_client.answers |= {
        "/user": {"login": "grace", "id": 7, "email": None},
        TEAM + "grace": 204,
        ADMINS + "grace": 404,
    }
    assert run(asked.refresh_user(user)) is False
    assert run(user.get_auth_state())["left"] == "renamed"
