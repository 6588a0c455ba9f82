"""Entra ID's sign-in by the real class: what a token must say, and what becomes of one that does not."""

from __future__ import annotations

import json
from asyncio import run
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from jupyterhub.user import UserDict
from tornado.httpclient import HTTPClientError, HTTPRequest

from settings.smoke import USER
from tests.hub import fakes
from tests.hub.fakes import FORGER, Handler, Web, key_set, signed, signs_in
from tests.unit.documents import Document, committed

AUTH = committed("aiv-prod")["auth"]
IDS, TENANT, CLIENT = AUTH["groups"], AUTH["tenantId"], AUTH["clientId"]
LOGIN = f"https://login.microsoftonline.com/{TENANT}"
ADA = {
    "tid": TENANT,
    "iss": f"{LOGIN}/v2.0",
    "aud": CLIENT,
    "sub": "pairwise",
    "oid": "0b1e-ada",
    "preferred_username": "Ada@aiv.example",
    "name": "Ada",
    "groups": [IDS["users"]],
}
OVERAGE = {"groups": None, "_claim_names": {"groups": "src1"}}


@pytest.fixture(name="known")
def _known() -> Iterator[UserDict]:
    with fakes.users() as known:
        yield known


def tokens(claims: dict[str, Any], **more: Any) -> dict[str, Any]:  # noqa: ANN401 -- as signed takes it
    return {
        "token_type": "Bearer",
        "access_token": "for-graph",
        "refresh_token": "first",
        "id_token": signed({**ADA, **claims}, **more),
    }


def entra(patch: Document | None = None, answers: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 -- of the hub
    """Make the class, before a provider that answers so."""
    made = fakes.authenticator("aiv-prod", {"auth": {"usernameClaim": "preferred_username", **(patch or {})}})
    made.http_client = Web({"/keys": key_set(), "/token": tokens({}), **(answers or {})})
    return made


def refusal(asked: Any, known: UserDict) -> tuple[str, int]:  # noqa: ANN401 -- of the hub
    from refused import Refused

    with pytest.raises(Refused) as found:
        run(signs_in(asked, known))
    assert found.value.log_message.startswith(__import__("refused").TEXTS[found.value.refusal])
    return found.value.refusal, found.value.status_code


def test_who_is_in_a_group_gets_in_with_its_rights_and_no_more(known: UserDict) -> None:
    plain = run(signs_in(entra(), known))
    assert (plain.name, plain.admin) == ("ada@aiv.example", False)
    assert [group.name for group in plain.groups] == [IDS["users"]]
    both = tokens({"oid": "0b1e-eve", "preferred_username": "eve", "groups": [*IDS.values(), "unknown"]})
    eve = run(signs_in(entra(answers={"/token": both}), known))
    assert eve.admin
    assert {group.name for group in eve.groups} == set(IDS.values())


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"groups": [IDS["gpu"]]}, "not_member"),
        ({"groups": ["users"]}, "not_member"),
        ({"groups": []}, "not_member"),
        ({"groups": None}, "not_member"),
        ({"groups": [{"id": IDS["users"]}]}, "not_member"),
        ({"groups": IDS["users"]}, "not_member"),
        ({"groups": 7}, "not_member"),
        ({"tid": "another"}, "wrong_tenant"),
        ({"tid": None}, "claim_missing"),
        ({"iss": "https://login.microsoftonline.com/another/v2.0"}, "wrong_issuer"),
        ({"aud": "another"}, "wrong_audience"),
        ({"aud": None}, "claim_missing"),
        ({"exp": 1}, "token_expired"),
        ({"exp": None}, "claim_missing"),
        ({"oid": None}, "claim_missing"),
        ({"preferred_username": None}, "claim_missing"),
    ],
)
def test_a_token_that_says_something_else_lets_nobody_in(
    claims: dict[str, Any], word: str, known: UserDict
) -> None:
    assert refusal(entra(answers={"/token": tokens(claims)}), known) == (word, 403)


@pytest.mark.parametrize(
    "token",
    [
        signed(ADA, FORGER),
        signed(ADA, FORGER, "two"),
        "no.token.at-all",
        "",
        None,
        jwt.encode(ADA, "a shared secret of some thirty-two bytes", "HS256", headers={"kid": "one"}),
        jwt.encode(ADA, None, "none", headers={"kid": "one"}),
    ],
)
def test_a_token_of_another_signer_lets_nobody_in(token: object, known: UserDict) -> None:
    asked = entra(answers={"/token": {**tokens({}), "id_token": token}})
    assert refusal(asked, known) == ("token_invalid", 403)


def test_keys_are_read_once_and_made_up_names_cost_no_request(known: UserDict) -> None:
    asked = entra()
    run(signs_in(asked, known))
    asked.http_client.answers["/token"] = tokens({}, name="made-up")
    # It may be a new key, of a provider that lost one: nobody is signed out for it.
    assert refusal(asked, known)[0] == "provider_error"
    assert len(asked.http_client.to("/keys")) == 1
    asked.keys._read -= 61
    assert refusal(asked, known)[0] == "token_invalid"
    assert len(asked.http_client.to("/keys")) == 2


@pytest.mark.parametrize(
    ("patch", "name"),
    [({"usernameClaim": None}, "0b1e-ada"), ({"usernameClaim": "upn"}, "ada.l"), (None, "ada@aiv.example")],
)
def test_the_name_is_the_claim_that_was_chosen(patch: Document | None, name: str, known: UserDict) -> None:
    asked = entra(patch, {"/token": tokens({"upn": "Ada.L"})})
    assert run(signs_in(asked, known)).name == name


def test_roles_stand_in_for_groups(known: UserDict) -> None:
    roles = {"users": "hub.user", "admins": "hub.admin", "gpu": "hub.gpu"}
    patch = {"access": "roles", "groups": roles}
    asked = entra(patch, {"/token": tokens({"roles": ["hub.admin", "else"], "groups": list(IDS.values())})})
    user = run(signs_in(asked, known))
    assert user.admin
    assert [group.name for group in user.groups] == ["hub.admin"]
    assert not any("User.Read" in scope for scope in asked.scope)
    lacking = entra(patch, {"/token": tokens({"groups": ["hub.user"], **OVERAGE})})
    assert refusal(lacking, known)[0] == "not_member"


@pytest.mark.parametrize("overage", [OVERAGE, {"groups": None, "hasgroups": True}])
def test_of_who_is_in_too_many_groups_graph_is_asked(overage: dict[str, Any], known: UserDict) -> None:
    def members(request: HTTPRequest) -> dict[str, Any]:
        asked = json.loads(request.body)["groupIds"]
        assert len(asked) <= 20
        assert request.headers["Authorization"] == "Bearer for-graph"
        return {"value": [one for one in asked if one == IDS["users"]]}

    many = {f"g{at}": f"00000000-0000-4000-8000-{at:012d}" for at in range(45)}
    asked = entra(
        {"groups": many},
        {"/token": tokens(overage), "graph.microsoft.com/v1.0/me/checkMemberGroups": members},
    )
    user = run(signs_in(asked, known))
    assert [group.name for group in user.groups] == [IDS["users"]]
    sent = [json.loads(one.body)["groupIds"] for one in asked.http_client.to("checkMemberGroups")]
    assert sorted(one for part in sent for one in part) == sorted([*many.values(), *IDS.values()])


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (403, ("groups_unknown", 403)),
        (401, ("groups_unknown", 403)),
        ({"something": "else"}, ("groups_unknown", 403)),
        ([], ("groups_unknown", 403)),
        (503, ("provider_error", 503)),
        (429, ("provider_error", 503)),
        (HTTPClientError(599, "nobody answers"), ("provider_unreachable", 503)),
    ],
)
def test_where_graph_does_not_tell_nobody_gets_in(
    answer: object, word: tuple[str, int], known: UserDict
) -> None:
    asked = entra(answers={"/token": tokens(OVERAGE), "/me/checkMemberGroups": answer})
    assert refusal(asked, known) == word


@pytest.mark.parametrize(
    ("claims", "may"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acrs": ["c1"]}, True),
        ({"amr": ["pwd"]}, False),
        ({"acrs": ["c2"], "amr": None}, False),
        ({"amr": None}, False),
    ],
)
def test_a_second_factor_is_seen_where_it_is_required(
    claims: dict[str, Any], may: bool, known: UserDict
) -> None:
    asked = entra({"mfa": "required", "authenticationContext": "c1"}, {"/token": tokens(claims)})
    assert json.loads(asked.extra_authorize_params["claims"])["id_token"]["acrs"]["value"] == "c1"
    if may:
        assert run(signs_in(asked, known)).name
    else:
        assert refusal(asked, known) == ("second_factor", 403)


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        ((400, {"error": "invalid_grant", "error_description": "AADSTS70008"}), ("code_refused", 403)),
        (
            (400, {"error": "invalid_grant", "error_description": "AADSTS50057: off"}),
            ("account_disabled", 403),
        ),
        ((400, {"error": "invalid_grant", "error_description": "AADSTS50105: no"}), ("not_member", 403)),
        # A secret that has ended is the hub's own fault.
        ((401, {"error": "invalid_client"}), ("provider_error", 503)),
        ((400, "<html>a proxy's own words</html>"), ("provider_error", 503)),
        ("<html>please sign in to the network</html>", ("provider_error", 503)),
        (500, ("provider_error", 503)),
        (HTTPClientError(599, "nobody answers"), ("provider_unreachable", 503)),
        (ConnectionResetError(), ("provider_unreachable", 503)),
    ],
)
def test_an_answer_without_tokens_has_its_reason(
    answer: object, word: tuple[str, int], known: UserDict
) -> None:
    assert refusal(entra(answers={"/token": answer}), known) == word


def test_the_refused_are_told_whom_to_ask(known: UserDict) -> None:
    from refused import Refused

    asked = entra({"contact": "the hub's team (100 % of them)"}, {"/token": tokens({"groups": []})})
    with pytest.raises(Refused) as found:
        run(signs_in(asked, known))
    shown = found.value.log_message % found.value.args
    assert shown.endswith("Ask the hub's team (100 % of them).")
    assert found.value.user == "ada@aiv.example"


@pytest.mark.parametrize(
    ("cloud", "login", "graph"),
    [
        ("usGovernment", "login.microsoftonline.us", "graph.microsoft.us"),
        ("china", "login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_a_national_cloud_is_asked_and_believed_alone(
    cloud: str, login: str, graph: str, known: UserDict
) -> None:
    issuer = f"https://{login}/{TENANT}/v2.0"
    answers: dict[str, Any] = {
        "/token": tokens({**OVERAGE, "iss": issuer}),
        "/me/checkMemberGroups": {"value": [IDS["users"]]},
    }
    asked = entra({"cloud": cloud}, answers)
    run(signs_in(asked, known))
    hosts = {request.url.split("/")[2] for request in asked.http_client.asked}
    assert hosts == {login, graph}
    assert asked.authorize_url.startswith(f"https://{login}/{TENANT}/")
    assert refusal(entra({"cloud": cloud}), known)[0] == "wrong_issuer"


def test_the_code_is_redeemed_with_its_proof(known: UserDict) -> None:
    asked = entra()
    run(signs_in(asked, known))
    form = parse_qs(asked.http_client.to("/token")[0].body.decode())
    assert form["code_verifier"] == ["the-verifier"]
    assert form["client_secret"] == [fakes.SECRET]
    assert form["redirect_uri"] == ["https://jupyterhub.aiv.internal/hub/oauth_callback"]
    assert asked.authorize_url == f"{LOGIN}/oauth2/v2.0/authorize"


def test_a_name_that_was_given_to_another_opens_no_home(known: UserDict) -> None:
    run(signs_in(entra(), known))
    other = entra(answers={"/token": tokens({"oid": "0b1e-other"})})
    assert refusal(other, known) == ("another_person", 403)


def test_nobody_signs_in_as_the_machines_user(known: UserDict) -> None:
    asked = entra(answers={"/token": tokens({"preferred_username": USER})})
    assert run(asked.get_authenticated_user(Handler(known), None)) is None
