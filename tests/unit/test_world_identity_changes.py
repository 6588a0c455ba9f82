"""The pretended provider while its file of changes says that roles changed, or that something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

from embedded.world.identity.applications import Applications
from embedded.world.identity.changes import EVERYBODY, Change, Fault, Place
from embedded.world.identity.server import Providers
from embedded.world.identity.tokens import Tokens
from embedded.world.identity.web import Answer
from embedded.world.people import people
from embedded.world.services import applications
from embedded.world.stacks import Stack
from settings.auth import CLOUDS
from tests.unit import test_world_identity as world
from tests.unit.documents import PROJECT, committed, patched
from tests.unit.test_world_identity import CLOUDFLARE, EVERY, PLACES, STACKS, claims, get, request, signed_in

GRAPH = "graph.microsoft.com"
WITH_GRAPH = "openid offline_access https://graph.microsoft.com/GroupMember.Read.All"
GROUPS = committed("aiv-prod")["auth"]["groups"]
Say = Callable[[Mapping[str, Any]], object]
key = world.key


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.json"


@pytest.fixture
def say(file: Path) -> Say:
    return lambda changes: file.write_text(json.dumps(changes))


@pytest.fixture
def providers(key: Path, file: Path) -> Providers:
    return Providers(Applications.of(applications(list(STACKS.values()))), Tokens.of(key), file)


def name(stack: str, who: str = "member") -> str:
    return next(user.name for user in STACKS[stack].users if user.claims["title"] == f"Pretended {who}")


def refresh(providers: Providers, stack: str, token: str, **more: str) -> tuple[int, dict[str, Any]]:
    return world.redeem(providers, stack, "", grant_type="refresh_token", refresh_token=token, **more)


def api(providers: Providers, stack: str, token: str) -> int:
    host, path = {"aiv-prod": (GRAPH, "/v1.0/me"), "lab": ("api.github.com", "/user")}.get(
        stack, (PLACES[stack][0], f"{CLOUDFLARE}/userinfo")
    )
    return get(providers, host, path, token)[0]


# Roles that change while it runs.


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])
def test_a_refresh_tells_the_groups_of_now(providers: Providers, say: Say, stack: str) -> None:
    tokens = signed_in(providers, stack, "member", scope="openid groups offline_access")
    assert claims(tokens["id_token"])["groups"]
    say({name(stack).upper(): {"claims": {"groups": ["another"]}}})
    status, fresh = refresh(providers, stack, tokens["refresh_token"])
    assert status == 200
    assert claims(fresh["id_token"])["groups"] == ["another"]
    # Microsoft's stay good when a newer one was given; so does the newer one.
    for held in (tokens["refresh_token"], fresh["refresh_token"]):
        assert refresh(providers, stack, held)[0] == 200


def test_github_knows_the_teams_of_now(providers: Providers, say: Say) -> None:
    token = signed_in(providers, "lab", "member")["access_token"]
    asked = "/orgs/your-organisation/teams/data-science/members/member"
    assert get(providers, "api.github.com", asked, token)[0] == 204
    say({"member": {"claims": {"teams": ["your-organisation"]}}})
    assert get(providers, "api.github.com", asked, token)[0] == 404


def test_a_login_may_change_hands(providers: Providers, say: Say) -> None:
    token = signed_in(providers, "lab", "member")["access_token"]
    before = get(providers, "api.github.com", "/user", token)[1]
    say({"member": {"claims": {"login": "renamed"}}, "stranger": {"claims": {"login": "member"}}})
    after = get(providers, "api.github.com", "/user", token)[1]
    assert (after["login"], after["id"]) == ("renamed", before["id"])
    other = get(providers, "api.github.com", "/user", signed_in(providers, "lab", "stranger")["access_token"])
    assert other[1]["login"] == "member"
    assert other[1]["id"] != before["id"]
    asked = "/orgs/your-organisation/members/"
    assert get(providers, "api.github.com", f"{asked}renamed", token)[0] == 204
    assert get(providers, "api.github.com", f"{asked}member", token)[0] == 404, "the new owner of the name"


def test_app_roles_and_methods_are_told_as_the_directory_has_them(providers: Providers, say: Say) -> None:
    assert "roles" not in claims(signed_in(providers, "aiv-prod", "member")["id_token"])
    say({name("aiv-prod"): {"claims": {"roles": ["hub.user"], "amr": ["pwd"]}}})
    told = claims(signed_in(providers, "aiv-prod", "member")["id_token"])
    assert (told["roles"], told["amr"]) == (["hub.user"], ["pwd"])


# Refresh tokens.


def test_entra_gives_none_that_was_not_asked_for(providers: Providers) -> None:
    assert "refresh_token" not in signed_in(providers, "aiv-prod", "member", scope="openid")


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])
def test_only_the_hub_refreshes_and_only_with_its_own_token(providers: Providers, stack: str) -> None:
    tokens = signed_in(providers, stack, "member", scope="openid offline_access")
    for token, more in (
        (tokens["refresh_token"], {"client_secret": "another"}),
        (tokens["access_token"], {}),
        ("another", {}),
        ("", {}),
    ):
        status, said = refresh(providers, stack, token, **more)
        assert status in {400, 401}
        assert said["error"] in {"invalid_grant", "invalid_client"}


def test_a_token_of_one_application_is_none_of_anothers(providers: Providers) -> None:
    token = signed_in(providers, "aiv-prod", "member", scope="openid offline_access")["refresh_token"]
    staging = committed("aiv-staging")["auth"]
    host, page = PLACES["aiv-prod"][0], f"/{staging['tenantId']}/oauth2/v2.0/token"
    form = {
        "client_id": staging["clientId"],
        "client_secret": world.SECRET,
        "grant_type": "refresh_token",
        "refresh_token": token,
    }
    assert providers.respond(request("POST", host, page, form)).status == 400


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])
def test_a_token_may_be_good_once_alone(providers: Providers, say: Say, stack: str) -> None:
    tokens = signed_in(providers, stack, "member", scope="openid offline_access")
    say({"everybody": {"faults": ["once"]}})
    status, fresh = refresh(providers, stack, tokens["refresh_token"])
    assert status == 200
    assert refresh(providers, stack, tokens["refresh_token"])[0] == 400
    assert refresh(providers, stack, fresh["refresh_token"])[0] == 200


@pytest.mark.parametrize("fault", ["revoked", "disabled", "unassigned"])
@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])
def test_whoever_left_gets_no_new_tokens(providers: Providers, say: Say, stack: str, fault: str) -> None:
    token = signed_in(providers, stack, "member", scope="openid offline_access")["refresh_token"]
    say({name(stack): {"faults": [fault]}})
    status, said = refresh(providers, stack, token)
    assert (status, said["error"]) == (400, "invalid_grant")
    say({})
    assert refresh(providers, stack, token)[0] == 200


@pytest.mark.parametrize(
    ("stack", "fault", "status"),
    [
        ("aiv-prod", "revoked", 200),  # until its access token ends
        ("lab", "revoked", 401),
        ("lab", "disabled", 403),
        ("carbon254", "revoked", 401),
        ("carbon254", "disabled", 401),
    ],
)
def test_an_access_token_after_that(
    providers: Providers, say: Say, stack: str, fault: str, status: int
) -> None:
    token = signed_in(providers, stack, "member", scope="openid User.Read")["access_token"]
    assert api(providers, stack, token) == 200
    say({name(stack): {"faults": [fault]}})
    assert api(providers, stack, token) == status


@EVERY
@pytest.mark.parametrize("fault", ["disabled", "unassigned"])
def test_who_left_gets_no_code(providers: Providers, say: Say, stack: str, fault: str) -> None:
    say({name(stack): {"faults": [fault]}})
    answer = world.authorize(providers, stack)
    assert answer.status == 403
    assert b'id="fault"' in answer.body


# What is told wrongly.


def test_what_is_told_is_laid_over_or_left_out(providers: Providers, say: Say) -> None:
    say({name("aiv-prod"): {"told": {"tid": "another", "exp": 1, "oid": None}}})
    told = claims(signed_in(providers, "aiv-prod", "member")["id_token"])
    assert (told["tid"], told["exp"]) == ("another", 1)
    assert "oid" not in told
    say({name("carbon254"): {"told": {"groups": None}}})
    token = signed_in(providers, "carbon254", "member")["access_token"]
    assert "groups" not in get(providers, PLACES["carbon254"][0], f"{CLOUDFLARE}/userinfo", token)[1]


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])
def test_a_forged_signature_fits_no_key(providers: Providers, say: Say, key: Path, stack: str) -> None:
    sound = signed_in(providers, stack, "member")["id_token"]
    say({name(stack): {"faults": ["forged"]}})
    forged = signed_in(providers, stack, "member")["id_token"]
    assert Tokens.of(key).read(sound)
    assert claims(forged)["sub"] == claims(sound)["sub"]
    assert Tokens.of(key).read(forged) is None


@EVERY
def test_a_redeemed_code_and_a_person_who_declines(providers: Providers, say: Say, stack: str) -> None:
    say({name(stack): {"faults": ["replayed"]}})
    assert world.refused(world.redeem(providers, stack, world.code_of(world.authorize(providers, stack))))
    say({name(stack): {"faults": ["declined"]}})
    back = world.authorize(providers, stack)
    assert "error=access_denied" in back.headers["Location"]
    assert "code=" not in back.headers["Location"]


# Groups that are too many for a token.


def many(count: int) -> list[str]:
    return [f"00000000-0000-0000-0000-{number:012d}" for number in range(count)]


@pytest.mark.parametrize(("count", "told"), [(200, True), (201, False)])
def test_a_token_has_two_hundred_groups(providers: Providers, say: Say, count: int, told: bool) -> None:
    say({name("aiv-prod"): {"claims": {"groups": many(count)}}})
    found = claims(signed_in(providers, "aiv-prod", "member")["id_token"])
    assert ("groups" in found) is told
    assert ("_claim_names" in found) is not told


def graph(providers: Providers, token: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
    asked = request(method, GRAPH, path, authorization=f"Bearer {token}")
    answer = providers.respond(type(asked)(**{**vars(asked), "body": json.dumps(body).encode()}))
    return answer.status, json.loads(answer.body)


def test_graph_checks_groups_when_the_token_has_none(providers: Providers, say: Say) -> None:
    say({name("aiv-prod"): {"faults": ["overage"]}})
    tokens = signed_in(providers, "aiv-prod", "member", scope=WITH_GRAPH)
    assert "_claim_names" in claims(tokens["id_token"])
    wanted = {"groupIds": [GROUPS["admins"], GROUPS["users"]]}
    answer = graph(providers, tokens["access_token"], "POST", "/v1.0/me/checkMemberGroups", wanted)
    assert answer == (200, {"value": [GROUPS["users"]]})


@pytest.mark.parametrize(
    ("scope", "body", "status"),
    [
        (WITH_GRAPH, {"groupIds": many(20)}, 200),
        (WITH_GRAPH, {"groupIds": many(21)}, 400),
        (WITH_GRAPH, {"groupIds": ["users"]}, 400),
        (WITH_GRAPH, {"ids": []}, 400),
        (WITH_GRAPH, [], 400),
        ("openid profile", {"groupIds": many(1)}, 403),
    ],
)
def test_graph_refuses_what_it_refuses(providers: Providers, scope: str, body: object, status: int) -> None:
    token = signed_in(providers, "aiv-prod", "member", scope=scope)["access_token"]
    assert graph(providers, token, "POST", "/v1.0/me/checkMemberGroups", body)[0] == status


def test_graph_and_github_give_long_lists_in_pages(providers: Providers, say: Say) -> None:
    teams = [f"your-organisation:team-{number}" for number in range(70)]
    say({name("aiv-prod"): {"claims": {"groups": many(250)}}, "member": {"claims": {"teams": teams}}})
    token = signed_in(providers, "aiv-prod", "member", scope=WITH_GRAPH)["access_token"]
    found, path = [], "/v1.0/me/transitiveMemberOf?$top=99"
    while path:
        status, page = graph(providers, token, "GET", path)
        assert status == 200
        assert len(page["value"]) <= 99
        found += [entry["id"] for entry in page["value"]]
        path = page.get("@odata.nextLink", "").removeprefix(f"https://{GRAPH}")
    assert found == many(250)
    bearer = f"Bearer {signed_in(providers, 'lab', 'member')['access_token']}"
    slugs, path = [], "/user/teams"
    while path:
        answer = providers.respond(request("GET", "api.github.com", path, authorization=bearer))
        slugs += [entry["slug"] for entry in json.loads(answer.body)]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<https://api.github.com")
    assert slugs == [f"team-{number}" for number in range(70)]


# A provider that is ill.


def answers(providers: Providers, stack: str) -> list[Answer]:
    """The answers of the page, of the token endpoint and of the API, for a member with a code and a token."""
    host, _, token = PLACES[stack]
    page = world.authorize(providers, stack)
    form = {"client_secret": "another", "code": world.code_of(page), "client_id": "another"}
    exchange = providers.respond(request("POST", host, token, form))
    return [page, exchange]


@EVERY
def test_a_fault_of_the_provider_holds_where_it_is_said(providers: Providers, say: Say, stack: str) -> None:
    kinds: dict[str, Callable[[Answer], bool]] = {
        "fails": lambda answer: answer.status == 500,
        "forbids": lambda answer: answer.status == 403,
        "cut": lambda answer: answer.cut,
    }
    for fault, seen in kinds.items():
        say({name(stack): {"faults": [fault]}})
        assert [seen(answer) for answer in answers(providers, stack)] == [False, True]
        say({name(stack): {"faults": [fault], "at": ["api"]}})
        assert not any(map(seen, answers(providers, stack)))
    say({"everybody": {"slow": 3, "at": ["token"]}})
    assert [answer.delay for answer in answers(providers, stack)] == [0, 3]
    say({name(stack): {"faults": ["oversized"]}})
    assert len(answers(providers, stack)[1].body) > 1 << 20


def test_a_fault_of_one_is_none_of_anothers(providers: Providers, say: Say) -> None:
    token = signed_in(providers, "lab", "administrator")["access_token"]
    say({"member": {"faults": ["fails"]}})
    assert api(providers, "lab", token) == 200
    say({"everybody": {"faults": ["fails"]}})
    assert api(providers, "lab", token) == 500


@pytest.mark.parametrize(
    "entry", [{"faults": ["overrage"]}, {"group": []}, {"at": ["everywhere"], "faults": ["cut"]}]
)
def test_a_word_that_nobody_knows_is_an_error(providers: Providers, say: Say, entry: object) -> None:
    say({"member": entry})
    with pytest.raises(ValueError, match="nobody knows"):
        world.authorize(providers, "lab")


@pytest.mark.parametrize("claim", [None, "oid", "preferred_username"])
@pytest.mark.parametrize("access", [None, "groups", "roles"])
def test_the_invented_people_are_what_the_settings_ask_about(claim: str | None, access: str | None) -> None:
    said = {
        "usernameClaim": claim,
        "access": access,
        "groups": {"users": "hub.user", "gpu": "g", "admins": "a"},
    }
    document = patched(committed("aiv-prod"), {"auth": said})
    member = people(document, world.PASSWORDS)[0]
    told, other = ("roles", "groups") if access == "roles" else ("groups", "roles")
    assert (list(member.claims[told]), list(member.claims[other])) == (["hub.user"], [])
    assert (member.hub_name == member.claims["id"]) is (claim != "preferred_username")
    assert member.may


def test_the_documentation_names_everything_that_the_file_may_say() -> None:
    text = (PROJECT / "docs" / "surroundings.md").read_text()
    words = {*get_args(Fault), *get_args(Place), *(one.name for one in fields(Change)), EVERYBODY}
    assert not {word for word in words if f"`{word}`" not in text}


@pytest.mark.parametrize("cloud", sorted(CLOUDS))
def test_each_of_microsofts_clouds_has_pages_and_a_graph(key: Path, cloud: str) -> None:
    document = patched(committed("aiv-prod"), {"auth": {"cloud": cloud}})
    stack = Stack(
        "aiv-prod", document, {"oauthClientSecret": world.SECRET, "tunnelToken": "t"}, world.PASSWORDS
    )
    pages, graph_host = CLOUDS[cloud]
    assert {it.name for it in stack.plan.listeners if it.role == "identity"} == {pages, graph_host}
    providers = Providers(Applications.of(applications([stack])), Tokens.of(key))
    found = get(providers, pages, f"/{world.TENANT}/v2.0/.well-known/openid-configuration", "")[1]
    assert found["issuer"] == f"https://{pages}/{world.TENANT}/v2.0"
    assert get(providers, graph_host, "/v1.0/me", "")[0] == 401
