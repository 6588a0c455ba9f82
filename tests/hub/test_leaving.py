"""Who has left is out: by the real classes, asked again as the hub asks, at a provider that answers so."""

from __future__ import annotations

import asyncio
import time
from asyncio import run
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest
from jupyterhub import orm
from jupyterhub.apihandlers.users import UserServerAPIHandler
from jupyterhub.user import UserDict
from tornado.httpclient import HTTPClientError, HTTPRequest

from chart.values import build
from settings.smoke import USER
from tests.hub import fakes, test_cloudflare, test_entra, test_github
from tests.hub.fakes import Handler, after, signs_in
from tests.hub.test_entra import IDS, entra, tokens
from tests.unit.documents import settings_of

QUARTER = 15 * 60
SILENCE = [
    500,
    503,
    429,
    (403, {"headers": {"Retry-After": "60"}}),
    (403, {"headers": {"X-RateLimit-Remaining": "0"}}),
    (403, {"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}),
    HTTPClientError(599, "nobody answers"),
    ConnectionResetError(),
    TimeoutError(),
    "<html>please sign in to the network</html>",
]


@pytest.fixture(name="known")
def _known() -> Iterator[UserDict]:
    with fakes.users() as known:
        yield known


def administrator(known: UserDict, patch: Any = None) -> tuple[Any, Any]:  # noqa: ANN401 -- a document
    """Sign an administrator in at Entra ID, some time ago."""
    asked = entra(patch, {"/token": tokens({"groups": [IDS["users"], IDS["admins"]]})})
    user = run(signs_in(asked, known))
    run(after(user, 60))
    return asked, user


def test_the_hub_asks_often_enough() -> None:
    for stack in ("aiv-prod", "lab", "carbon254"):
        config = build(settings_of(stack))["hub"]["config"]
        made = fakes.authenticator(stack)
        # A round at the end of its longest pause, then the asking and stopping itself.
        assert made.auth_refresh_age + 1.2 * made.round_pause < QUARTER - 120
        assert made.refresh_pre_spawn
        assert made.enable_auth_state
        assert config["JupyterHub"]["cookie_max_age_days"] == 1
        assert made.proof_lasts == 3600


def test_a_refresh_token_is_spent_for_what_is_true_now(known: UserDict) -> None:
    asked, user = administrator(known)
    now = {**tokens({}), "refresh_token": "second"}
    asked.http_client.answers["/token"] = now
    model = run(asked.refresh_user(user))
    assert (model["admin"], model["groups"]) == (False, [IDS["users"]])
    assert not user.admin
    assert [group.name for group in user.groups] == [IDS["users"]]
    form = parse_qs(asked.http_client.asked[-1].body.decode())
    assert (form["grant_type"], form["refresh_token"]) == (["refresh_token"], ["first"])
    run(after(user, 60))
    run(asked.refresh_user(user))
    form = parse_qs(asked.http_client.asked[-1].body.decode())
    assert form["refresh_token"] == ["second"]


def test_a_provider_that_gives_no_new_refresh_token_leaves_the_old_one(known: UserDict) -> None:
    asked, user = administrator(known)
    asked.http_client.answers["/token"] = {**tokens({}), "refresh_token": None}
    run(asked.refresh_user(user))
    assert run(user.get_auth_state())["refresh_token"] == "first"


def test_a_refresh_is_asked_for_with_the_scopes_of_the_sign_in(known: UserDict) -> None:
    asked, user = administrator(known)
    run(asked.refresh_user(user))
    form = parse_qs(asked.http_client.asked[-1].body.decode())
    assert form["scope"] == ["openid profile email offline_access User.Read"]
    run(after(user, 60))
    asked.http_client.answers["/token"] = {**tokens({}), "id_token": None}
    assert run(asked.refresh_user(user)) is True
    assert "left" not in run(user.get_auth_state())


def test_what_was_kept_by_another_class_locks_nobody_out(known: UserDict) -> None:
    asked, user = administrator(known)
    run(user.save_auth_state({"github_user": {"id": 7}, "token_response": {"access_token": "a"}}))
    assert run(signs_in(asked, known)) is user
    asked = test_github.github(login="Ada@aiv.example")
    run(user.save_auth_state({"github_user": {"id": 8}, "token_response": test_github.TOKENS}))
    assert run(asked.refresh_user(user)) is False
    assert run(user.get_auth_state())["left"] == "another_person"


def test_two_at_once_spend_one_refresh_token(known: UserDict) -> None:
    asked, user = administrator(known)
    spent: list[str] = []

    def once(request: HTTPRequest) -> Any:  # noqa: ANN401 -- an answer
        spent.append(parse_qs(request.body.decode())["refresh_token"][0])
        return (
            {**tokens({}), "refresh_token": f"{len(spent) + 1}th"} if len(set(spent)) == len(spent) else 400
        )

    async def both() -> list[Any]:
        return list(await asyncio.gather(*(asked.refresh_user(user) for _ in range(5))))

    asked.http_client.answers["/token"] = once
    assert all(run(both()))
    assert spent == ["first"]
    assert run(user.get_auth_state())["refresh_token"] == "2th"


def test_a_new_refresh_token_is_kept_although_the_next_answer_fails(known: UserDict) -> None:
    asked, user = administrator(known)
    overage = {**tokens(test_entra.OVERAGE), "refresh_token": "second"}
    asked.http_client.answers |= {"/token": overage, "/me/checkMemberGroups": 503}
    assert run(asked.refresh_user(user)) is True
    assert run(user.get_auth_state())["refresh_token"] == "second"
    assert user.admin


REVOKED = (400, {"error": "invalid_grant", "error_description": "AADSTS50173: revoked"})
DISABLED = (400, {"error": "invalid_grant", "error_description": "AADSTS50057: disabled"})


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (REVOKED, "session_revoked"),
        (DISABLED, "account_disabled"),
        (tokens({"groups": []}), "not_member"),
        (tokens({"groups": None}), "not_member"),
        (tokens({"oid": "another", "groups": [IDS["users"]]}), "another_person"),
        (tokens({"preferred_username": "ada.new"}), "renamed"),
        (tokens({"tid": "another"}), "wrong_tenant"),
        (tokens({"exp": 1}), "token_expired"),
    ],
)
def test_who_left_entra_has_no_session_no_rights_and_no_token(
    answer: object, word: str, known: UserDict
) -> None:
    asked, user = administrator(known)
    cookie = user.cookie_id
    own = user.new_api_token(note="mine")
    server = user.new_api_token(note="Server at /user/ada/", scopes=["users:activity!user"])
    asked.http_client.answers["/token"] = answer
    handler = Handler(known, "/hub/home")
    assert run(asked.refresh_user(user, handler)) is False
    assert handler.refusal == word
    assert not user.admin
    assert "admin" not in {role.name for role in user.roles}
    assert user.groups == []
    assert user.cookie_id != cookie
    assert orm.APIToken.find(known.db, own) is None
    assert orm.APIToken.find(known.db, server) is not None
    asked_before = len(asked.http_client.asked)
    user.admin = True
    assert run(asked.refresh_user(user)) is False
    assert len(asked.http_client.asked) == asked_before
    assert not user.admin


def test_who_left_and_came_back_signs_in_as_before(known: UserDict) -> None:
    asked, user = administrator(known)
    asked.http_client.answers["/token"] = REVOKED
    assert run(asked.refresh_user(user)) is False
    asked.http_client.answers["/token"] = tokens({})
    assert run(signs_in(asked, known)) is user
    run(after(user, 60))
    assert run(asked.refresh_user(user))["groups"] == [IDS["users"]]


@pytest.mark.parametrize("answer", [*SILENCE, (401, {"error": "invalid_client"})])
def test_an_outage_of_entra_changes_nothing(answer: object, known: UserDict) -> None:
    asked, user = administrator(known)
    before = run(user.get_auth_state())
    asked.http_client.answers["/token"] = answer
    assert run(asked.refresh_user(user)) is True
    assert user.admin
    assert run(user.get_auth_state()) == before


@pytest.mark.parametrize("answer", SILENCE)
def test_an_outage_of_github_makes_nobody_leave(answer: object, known: UserDict) -> None:
    asked = test_github.github()
    user = run(signs_in(asked, known))
    for place in ("/user", test_github.TEAM + "ada"):
        run(after(user, 60))
        asked._unanswered.clear()
        usual = asked.http_client.answers[place]
        asked.http_client.answers[place] = answer
        # The last of them says 200, which is a member: GitHub says 204 to nobody else.
        assert run(asked.refresh_user(user))
        asked.http_client.answers[place] = usual


@pytest.mark.parametrize("answer", SILENCE)
def test_an_outage_of_cloudflare_makes_nobody_leave(answer: object, known: UserDict) -> None:
    asked = test_cloudflare.cloudflare()
    user = run(signs_in(asked, known))
    run(after(user, 60))
    asked.http_client.answers["/userinfo"] = answer
    assert run(asked.refresh_user(user)) is True


@pytest.mark.parametrize(
    ("answer", "word"), [(404, "not_member"), (401, "session_revoked"), (403, "account_disabled")]
)
def test_who_left_github_is_out(answer: object, word: str, known: UserDict) -> None:
    asked = test_github.github(admin=204)
    user = run(signs_in(asked, known))
    assert user.admin
    run(after(user, 60))
    for place in (test_github.TEAM, test_github.ADMINS):
        asked.http_client.answers[f"{place}ada"] = answer
    assert run(asked.refresh_user(user)) is False
    assert run(user.get_auth_state())["left"] == word
    assert not user.admin


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        ({"/userinfo": {**test_cloudflare.TOLD, "groups": []}}, "not_member"),
        ({"/token": (400, {"error": "invalid_grant"})}, "session_revoked"),
    ],
)
def test_who_left_cloudflare_is_out(answers: dict[str, object], word: str, known: UserDict) -> None:
    asked = test_cloudflare.cloudflare(
        answers={"/token": {**test_cloudflare.tokens(), "refresh_token": "first"}}
    )
    user = run(signs_in(asked, known))
    run(after(user, 60))
    asked.http_client.answers |= answers
    assert run(asked.refresh_user(user)) is False
    assert run(user.get_auth_state())["left"] == word


def starts(known: UserDict) -> Any:  # noqa: ANN401 -- of the hub
    """A request to start a server, as an API client sends it."""
    handler = Handler(known, "/hub/api/users/ada/server", "POST")
    past_whose_it_is = {"refusal": "", "_jupyterhub_user": None}
    handler.__class__ = type("Starts", (Handler, UserServerAPIHandler), past_whose_it_is)
    return handler


@pytest.mark.parametrize(("age", "may"), [(600, True), (3500, True), (3700, False), (86400, False)])
def test_in_an_outage_nothing_starts_for_whom_was_not_heard_of_for_an_hour(
    age: float, may: bool, known: UserDict
) -> None:
    from refused import Refused

    asked, user = administrator(known)
    run(after(user, age))
    asked.http_client.answers["/token"] = HTTPClientError(599, "nobody answers")
    # A session goes on.
    assert run(asked.refresh_user(user, Handler(known, "/hub/home"))) is True
    ways = (asked.refresh_user(user, starts(known)), asked.pre_spawn_start(user, None))
    for start in ways:
        if may:
            run(start)
            continue
        with pytest.raises(Refused) as found:
            run(start)
        assert (found.value.refusal, found.value.status_code) == ("proof_too_old", 503)


def test_who_left_starts_nothing_whatever_the_way(known: UserDict) -> None:
    from refused import Refused

    asked, user = administrator(known)
    asked.http_client.answers["/token"] = REVOKED
    assert run(asked.refresh_user(user, starts(known))) is False
    with pytest.raises(Refused):
        run(asked.pre_spawn_start(user, None))


def test_a_server_goes_on_reporting_and_that_proves_nothing(known: UserDict) -> None:
    asked, user = administrator(known)
    asked.http_client.answers["/token"] = REVOKED

    async def report() -> Any:  # noqa: ANN401 -- the hub's
        answer = await asked.refresh_user(user, Handler(known, "/hub/api/users/ada/activity", "POST"))
        # As the hub does with what it takes for a proof.
        user._auth_refreshed = time.monotonic()
        await asyncio.sleep(0)
        return answer

    assert run(report()) is True
    assert user._auth_refreshed is None
    assert run(asked.refresh_user(user, Handler(known, "/hub/api/users/ada/activity"))) is False


def test_a_session_of_before_is_asked_to_sign_in_and_has_not_left(known: UserDict) -> None:
    asked, user = administrator(known)
    state = run(user.get_auth_state())
    run(user.save_auth_state({**state, "refresh_token": None}))
    assert run(asked.refresh_user(user)) is False
    assert "left" not in run(user.get_auth_state())


def test_who_signs_in_while_the_old_session_ends_stays(known: UserDict) -> None:
    asked, user = administrator(known)

    def meanwhile(_request: HTTPRequest) -> Any:  # noqa: ANN401 -- an answer
        user.encrypted_auth_state = newer
        return REVOKED

    old = user.encrypted_auth_state
    run(signs_in(asked, known))
    newer, user.encrypted_auth_state = user.encrypted_auth_state, old
    asked.http_client.answers["/token"] = meanwhile
    assert run(asked.refresh_user(user)) is True
    assert user.cookie_id
    assert "left" not in run(user.get_auth_state())


def test_of_the_machines_user_the_provider_is_not_asked(known: UserDict) -> None:
    for stack in ("aiv-prod", "lab", "carbon254"):
        asked = fakes.authenticator(stack)
        assert run(asked.refresh_user(SimpleNamespace(name=USER))) is True


def running(user: Any, stopped: list[str]) -> SimpleNamespace:  # noqa: ANN401 -- the hub's
    """Make it seem that a server of theirs runs; gives the hub that it runs in."""
    spawner = SimpleNamespace(active=True, pending=None, _stop_pending=False)

    async def delete_user(_user: object, name: str) -> None:
        stopped.append(f"route {name!r}")

    async def stop(name: str) -> None:
        spawner.active = False
        stopped.append(f"server {name!r}")

    user.spawners = {"": spawner}
    user.stop = stop
    return SimpleNamespace(proxy=SimpleNamespace(delete_user=delete_user), db=user.db, users={user.id: user})


@pytest.mark.parametrize(
    ("leaving", "expected"), [("keepServers", []), ("stopServers", ["route ''", "server ''"])]
)
def test_a_round_finds_who_does_not_come_by(leaving: str, expected: list[str], known: UserDict) -> None:
    import rounds

    stopped: list[str] = []
    asked = entra({"leaving": leaving})
    user = run(signs_in(asked, known))
    app = running(user, stopped)
    asked._app = app

    async def one() -> None:
        await rounds.once(app, asked.look)
        await asyncio.gather(*asked._tasks)

    spent = len(asked.http_client.asked)
    run(one())
    assert len(asked.http_client.asked) == spent
    run(after(user, 500))
    asked.http_client.answers["/token"] = REVOKED
    run(one())
    assert run(user.get_auth_state())["left"] == "session_revoked"
    assert stopped == expected


def test_a_round_looks_at_administrators_without_a_server_and_survives_a_fault(known: UserDict) -> None:
    import rounds

    asked, user = administrator(known)
    looked: list[str] = []

    async def look(one: Any) -> None:  # noqa: ANN401 -- the hub's
        looked.append(one.name)
        raise RuntimeError("one fault")

    class Users(dict[int, Any]):
        def __getitem__(self, row: Any) -> Any:  # noqa: ANN401 -- the hub's
            return user

    run(rounds.once(SimpleNamespace(db=known.db, users=Users()), look))
    assert looked == [user.name]
    assert asked
