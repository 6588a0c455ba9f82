"""The pretended identity provider: who gets a code, who redeems it, and what the hub is told then."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from embedded.world.identity import grants
from embedded.world.identity.applications import Applications
from embedded.world.identity.server import Providers
from embedded.world.identity.tokens import Tokens, make_key
from embedded.world.identity.web import Answer, Request
from embedded.world.services import applications
from embedded.world.stacks import Stack
from tests.unit.documents import committed

PASSWORDS = {"member": "of-a-member", "administrator": "of-an-admin", "gpu": "of-gpu", "stranger": "of-none"}
SECRET = "the-secret-of-the-application"
VERIFIER = "a-verifier-that-only-the-hub-knows"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

STACKS = {
    name: Stack(name, committed(name), {"oauthClientSecret": SECRET, "tunnelToken": "eyJ"}, PASSWORDS)
    for name in ("aiv-prod", "aiv-staging", "lab", "carbon254")
}
CLOUDFLARE = "/cdn-cgi/access/sso/oidc/0123456789abcdef0123456789abcdef"
TENANT = committed("aiv-prod")["auth"]["tenantId"]
# By stack: host, page to sign in, host and path of the token endpoint.
PLACES = {
    "aiv-prod": (
        "login.microsoftonline.com",
        f"/{TENANT}/oauth2/v2.0/authorize",
        f"/{TENANT}/oauth2/v2.0/token",
    ),
    "lab": ("github.com", "/login/oauth/authorize", "/login/oauth/access_token"),
    "carbon254": ("254carbon.cloudflareaccess.com", f"{CLOUDFLARE}/authorization", f"{CLOUDFLARE}/token"),
}
EVERY = pytest.mark.parametrize("stack", sorted(PLACES))


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("identity") / "identity.key"
    file.write_bytes(make_key())
    return file


@pytest.fixture
def providers(key: Path) -> Providers:
    return Providers(Applications.of(applications(list(STACKS.values()))), Tokens.of(key))


def request(
    method: str, host: str, target: str, form: Mapping[str, str] | None = None, **more: str
) -> Request:
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    accept, authorization = more.get("accept", "application/json"), more.get("authorization", "")
    return Request(method, host, parts.path, query, form or {}, accept, authorization, target)


def asking(stack: str, **changes: str) -> dict[str, str]:
    application = STACKS[stack].plan.application
    assert application
    return {
        "client_id": application.client_id,
        "redirect_uri": application.callback,
        "response_type": "code",
        "state": "the-state",
        "scope": "openid email profile groups read:org",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }


def authorize(
    providers: Providers, stack: str, who: str = "member", password: str = "", **changes: str
) -> Answer:
    host, page, _ = PLACES[stack]
    user = next(
        user for user in STACKS[stack].users if user.claims["title"] == f"Pretended {who}" or user.name == who
    )
    typed = {"username": user.name, "password": password or user.password}
    return providers.respond(request("POST", host, f"{page}?{urlencode(asking(stack, **changes))}", typed))


def code_of(answer: Answer) -> str:
    assert answer.status == 302, answer.body
    sent = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert sent["state"] == ["the-state"]
    return sent["code"][0]


def redeem(providers: Providers, stack: str, code: str, **changes: str) -> tuple[int, dict[str, Any]]:
    host, _, token = PLACES[stack]
    asked = asking(stack)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked["redirect_uri"],
        "client_id": asked["client_id"],
        "client_secret": SECRET,
        "code_verifier": VERIFIER,
        **changes,
    }
    answer = providers.respond(request("POST", host, token, form))
    return answer.status, json.loads(answer.body)


def get(providers: Providers, host: str, path: str, token: str) -> tuple[int, Any]:
    answer = providers.respond(request("GET", host, path, authorization=f"Bearer {token}"))
    return answer.status, json.loads(answer.body or b"null")


def signed_in(providers: Providers, stack: str, who: str, **changes: str) -> dict[str, Any]:
    _, tokens = redeem(providers, stack, code_of(authorize(providers, stack, who, **changes)))
    return tokens


def claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found


# What all three do alike.


@EVERY
def test_a_person_sees_a_form_and_returns_to_the_hub_with_a_code(providers: Providers, stack: str) -> None:
    host, page, _ = PLACES[stack]
    shown = providers.respond(request("GET", host, f"{page}?{urlencode(asking(stack))}"))
    assert shown.status == 200
    for part in (b'name="username"', b'name="password"', b'id="sign-in"'):
        assert part in shown.body
    back = authorize(providers, stack)
    assert back.headers["Location"].startswith(f"{asking(stack)['redirect_uri']}?")
    assert code_of(back)


@EVERY
def test_a_wrong_password_leads_nowhere(providers: Providers, stack: str) -> None:
    answer = authorize(providers, stack, password="of-somebody-else")
    assert answer.status == 200
    assert b'id="refused"' in answer.body


@EVERY
@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "another"},
        {"redirect_uri": "https://elsewhere.example/hub/oauth_callback"},
        {"redirect_uri": "http://jupyterhub.aiv.internal/hub/oauth_callback"},
        {"response_type": "token"},
        {"code_challenge_method": "plain"},
    ],
)
def test_a_request_that_is_not_the_hubs_gets_no_form(
    providers: Providers, stack: str, changes: dict[str, str]
) -> None:
    answer = authorize(providers, stack, **changes)
    assert answer.status in {400, 404}
    assert "Location" not in answer.headers


def refused(answer: tuple[int, dict[str, Any]]) -> bool:
    """GitHub says no with status 200."""
    status, said = answer
    return (
        "access_token" not in said and bool(said["error"]) and (status >= 400 or "error_description" in said)
    )


@EVERY
@pytest.mark.parametrize(
    "changes",
    [
        {"client_secret": "another"},
        {"client_secret": ""},
        {"client_id": "another"},
        {"code": "another"},
        {"code_verifier": "another"},
        {"code_verifier": ""},
        {"redirect_uri": "https://elsewhere.example/hub/oauth_callback"},
        {"grant_type": "password"},
    ],
)
def test_a_code_without_its_proofs_is_worth_nothing(
    providers: Providers, stack: str, changes: dict[str, str]
) -> None:
    code = code_of(authorize(providers, stack))
    assert refused(redeem(providers, stack, **{"code": code, **changes}))


@EVERY
def test_a_code_works_once(providers: Providers, stack: str) -> None:
    code = code_of(authorize(providers, stack))
    assert "access_token" in redeem(providers, stack, code)[1]
    assert refused(redeem(providers, stack, code))


def test_a_code_grows_old(providers: Providers) -> None:
    now = [0.0]
    known = Applications.of(applications([STACKS["lab"]]))
    store = grants.Grants(clock=lambda: now[0])
    application = known.find("github", asking("lab")["client_id"])
    assert application
    code = store.give(grants.asked(application, asking("lab")), application.people[0])
    now[0] = grants.LIFE
    form = {"code": code, "client_secret": SECRET, "code_verifier": VERIFIER}
    with pytest.raises(grants.Refused, match="too old"):
        store.redeem(application, form)


@EVERY
def test_a_token_of_others_is_none_of_ours(providers: Providers, stack: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(make_key())
    stranger = Tokens.of(tmp_path / "key").sign({"kind": "github", "client": "a", "sub": "member"}, 60)
    hosts = {"aiv-prod": ("graph.microsoft.com", "/v1.0/me"), "lab": ("api.github.com", "/user")}
    host, path = hosts.get(stack, (PLACES[stack][0], f"{CLOUDFLARE}/userinfo"))
    for token in (stranger, "", "a.b.c"):
        assert get(providers, host, path, token)[0] == 401


def test_a_restart_forgets_nobody(providers: Providers, key: Path) -> None:
    token = signed_in(providers, "lab", "member")["access_token"]
    again = Providers(Applications.of(applications(list(STACKS.values()))), Tokens.of(key))
    assert get(again, "api.github.com", "/user", token)[0] == 200


def test_a_token_ends(key: Path) -> None:
    tokens = Tokens.of(key)
    assert tokens.read(tokens.sign({"sub": "a"}, 60)) is not None
    assert tokens.read(tokens.sign({"sub": "a"}, -1)) is None


# Entra ID.


def test_entra_tells_object_ids_and_signs_for_the_application(providers: Providers) -> None:
    auth = committed("aiv-prod")["auth"]
    token = signed_in(providers, "aiv-prod", "administrator", nonce="n")["id_token"]
    told = claims(token)
    assert told["groups"] == [auth["groups"]["admins"]]
    assert (told["aud"], told["tid"], told["nonce"]) == (auth["clientId"], auth["tenantId"], "n")
    assert told["iss"] == f"https://login.microsoftonline.com/{TENANT}/v2.0"
    assert told["preferred_username"] == "administrator@pretended.example"
    assert told["iat"] <= told["exp"] - 3600


def test_the_published_key_verifies_the_signature(providers: Providers) -> None:
    token = signed_in(providers, "aiv-prod", "member")["id_token"]
    status, found = get(providers, "login.microsoftonline.com", f"/{TENANT}/discovery/v2.0/keys", "")
    assert status == 200
    n, e = (
        int.from_bytes(base64.urlsafe_b64decode(found["keys"][0][part] + "=="), "big") for part in ("n", "e")
    )
    signed, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    rsa.RSAPublicNumbers(e, n).public_key().verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())


def test_another_tenant_knows_no_application(providers: Providers) -> None:
    page = "/00000000-0000-0000-0000-000000000000/oauth2/v2.0/authorize"
    answer = providers.respond(
        request("GET", PLACES["aiv-prod"][0], f"{page}?{urlencode(asking('aiv-prod'))}")
    )
    assert answer.status == 400


def test_two_stacks_of_one_tenant_are_two_applications(providers: Providers) -> None:
    code = code_of(authorize(providers, "aiv-prod"))
    staging = committed("aiv-staging")["auth"]["clientId"]
    assert refused(redeem(providers, "aiv-prod", code, client_id=staging))


def test_graph_tells_the_same_groups(providers: Providers) -> None:
    token = signed_in(providers, "aiv-prod", "gpu", scope="openid User.Read")["access_token"]
    _, found = get(providers, "graph.microsoft.com", "/v1.0/me/memberOf", token)
    assert {entry["id"] for entry in found["value"]} == {
        committed("aiv-prod")["auth"]["groups"][group] for group in ("users", "gpu")
    }


# GitHub.


@pytest.mark.parametrize(
    ("who", "asked", "status"),
    [
        ("member", "/orgs/your-organisation/teams/data-science/members/member", 204),
        ("member", "/orgs/your-organisation/members/member", 204),
        ("member", "/orgs/your-organisation/members/stranger", 404),
        ("member", "/orgs/another/members/member", 404),
        ("stranger", "/orgs/your-organisation/teams/data-science/members/stranger", 404),
        ("stranger", "/orgs/your-organisation/members/member", 404),
    ],
)
def test_github_tells_members_who_else_is_one(
    providers: Providers, who: str, asked: str, status: int
) -> None:
    token = signed_in(providers, "lab", who)["access_token"]
    assert get(providers, "api.github.com", asked, token)[0] == status


def test_github_tells_no_membership_without_its_scope(providers: Providers) -> None:
    token = signed_in(providers, "lab", "member", scope="")["access_token"]
    assert get(providers, "api.github.com", "/user", token)[1]["login"] == "member"
    assert get(providers, "api.github.com", "/orgs/your-organisation/members/member", token)[0] == 404
    assert get(providers, "api.github.com", "/user/orgs", token)[1] == []


def test_github_answers_a_form_to_who_does_not_ask_for_json(providers: Providers) -> None:
    code = code_of(authorize(providers, "lab"))
    form = {**asking("lab"), "client_secret": SECRET, "code": code, "code_verifier": VERIFIER}
    host, _, token = PLACES["lab"]
    answer = providers.respond(request("POST", host, token, form, accept="*/*"))
    assert parse_qs(answer.body.decode())["token_type"] == ["bearer"]


# Cloudflare Access.


@pytest.mark.parametrize(
    ("who", "groups"),
    [("member", ["jupyter-users"]), ("administrator", ["jupyter-admins"]), ("stranger", [])],
)
def test_cloudflare_tells_groups_by_name(providers: Providers, who: str, groups: list[str]) -> None:
    token = signed_in(providers, "carbon254", who)["access_token"]
    status, told = get(providers, PLACES["carbon254"][0], f"{CLOUDFLARE}/userinfo", token)
    assert status == 200
    assert told["groups"] == groups
    assert told["email"] == f"{who}@pretended.example"


def test_cloudflare_tells_nothing_that_was_not_asked_for(providers: Providers) -> None:
    token = signed_in(providers, "carbon254", "member", scope="openid")["access_token"]
    _, told = get(providers, PLACES["carbon254"][0], f"{CLOUDFLARE}/userinfo", token)
    assert set(told) == {"sub"}


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("login.microsoftonline.com", f"/{TENANT}/v2.0/.well-known/openid-configuration"),
        ("254carbon.cloudflareaccess.com", f"{CLOUDFLARE}/.well-known/openid-configuration"),
    ],
)
def test_discovery_leads_to_pages_that_are_there(providers: Providers, host: str, path: str) -> None:
    _, found = get(providers, host, path, "")
    check: Callable[[str], int] = lambda url: get(providers, host, urlsplit(url).path, "")[0]  # noqa: E731
    assert check(found["jwks_uri"]) == 200
    assert urlsplit(found["authorization_endpoint"]).hostname == host


def test_an_unknown_host_is_nobodys(providers: Providers) -> None:
    assert get(providers, "unknown.example", "/", "")[0] == 404
