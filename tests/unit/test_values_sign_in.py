"""Signing in: who gets in is written by the provider's own terms, and no secret is among the values."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from chart.values import build
from settings.auth import Identities
from settings.ways import provider_hosts
from tests.unit.documents import EVERYTHING, PROJECT, STACKS, Document, committed, settings, settings_of

ENTRA = "AzureAdOAuthenticator"
CLUSTER = {"secrets": {"source": "cluster"}}


def hub(stack: str, patch: Document | None = None) -> dict[str, Any]:
    made: dict[str, Any] = build(settings_of(stack, patch))["hub"]
    return made


def test_sign_in_by_any_name_or_by_list() -> None:
    assert hub("local")["config"]["SharedPasswordAuthenticator"] == {"allow_all": True}
    assert build(settings(EVERYTHING))["hub"]["config"]["SharedPasswordAuthenticator"] == {
        "allowed_users": ["ada", "bob"],
        "admin_users": ["eve"],
    }


BY_IDENTITY = [stack for stack in STACKS if committed(stack)["auth"]["provider"] != "sharedPassword"]


@pytest.mark.parametrize("stack", BY_IDENTITY)
def test_nobody_gets_in_who_is_not_named(stack: str) -> None:
    config = hub(stack)["config"]
    given = {key for section in config.values() for key in section}
    assert not given & {"allow_all", "allow_existing_users", "any_allow_config"}
    assert given & {"allowed_groups", "allowed_organizations"}


@pytest.mark.parametrize("stack", STACKS)
def test_administrators_stay_out_of_other_peoples_servers(stack: str) -> None:
    assert hub(stack)["config"]["JupyterHub"]["admin_access"] is False


def test_entra_knows_groups_by_object_id_and_people_by_a_unique_claim() -> None:
    made = hub("aiv-prod")["config"]
    ids = committed("aiv-prod")["auth"]["groups"]
    assert made["JupyterHub"]["authenticator_class"] == "sign_in_entra.Entra"
    assert made["Authenticator"] | {"manage_groups": True, "enable_auth_state": True} == made["Authenticator"]
    assert made[ENTRA]["allowed_groups"] == sorted([ids["users"], ids["admins"]])
    assert made[ENTRA]["admin_groups"] == [ids["admins"]]
    assert made[ENTRA]["auth_state_groups_key"] == "user.groups"
    assert made[ENTRA]["username_claim"] == "oid"


def test_entra_is_asked_at_the_endpoints_whose_tokens_have_the_claim() -> None:
    made = hub("aiv-prod")["config"][ENTRA]
    tenant = committed("aiv-prod")["auth"]["tenantId"]
    for field, last in (("authorize_url", "authorize"), ("token_url", "token")):
        assert made[field] == f"https://login.microsoftonline.com/{tenant}/oauth2/v2.0/{last}"
    assert made["scope"] == ["openid", "profile", "email", "offline_access", "User.Read"]


@pytest.mark.parametrize(
    ("cloud", "login", "graph"),
    [
        ("usGovernment", "login.microsoftonline.us", "graph.microsoft.us"),
        ("china", "login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
    ],
)
def test_a_national_cloud_has_hosts_of_its_own(cloud: str, login: str, graph: str) -> None:
    patch = {"auth": {"cloud": cloud}}
    values = build(settings_of("aiv-prod", patch))
    made = values["hub"]["config"][ENTRA]
    assert made["graph_url"] == f"https://{login}"
    assert made["authorize_url"].startswith(f"https://{login}/")
    assert made["scope"][-1] == f"https://{graph}/User.Read"
    assert values["custom"]["signIn"]["graph_api"] == f"https://{graph}"
    auth = settings_of("aiv-prod", patch).auth
    assert isinstance(auth, Identities)
    assert provider_hosts(auth) == (login, graph)


def test_a_second_factor_is_asked_for_by_its_context() -> None:
    context = {"auth": {"mfa": "required", "authenticationContext": "c7"}}
    asked = json.loads(hub("aiv-prod", context)["config"][ENTRA]["extra_authorize_params"]["claims"])
    assert asked == {"id_token": {"acrs": {"essential": True, "value": "c7"}}}
    assert "extra_authorize_params" not in hub("aiv-prod")["config"][ENTRA]


@pytest.mark.parametrize("stack", BY_IDENTITY)
def test_people_are_asked_about_again_and_cookies_end(stack: str) -> None:
    made = hub(stack)["config"]
    assert made["Authenticator"]["enable_auth_state"] is True
    assert made["Authenticator"]["refresh_pre_spawn"] is True
    assert made["Authenticator"]["auth_refresh_age"] <= 900
    assert made["JupyterHub"]["cookie_max_age_days"] == 1


@pytest.mark.parametrize("stack", BY_IDENTITY)
def test_the_class_that_is_named_is_mounted_with_all_that_it_imports(stack: str) -> None:
    made = hub(stack)
    mounted = {name.removesuffix(".py") for name in made["extraFiles"]}
    assert made["config"]["JupyterHub"]["authenticator_class"].partition(".")[0] in mounted
    ours = {file.stem for file in (PROJECT / "files" / "hub").glob("*.py")}
    for file in made["extraFiles"].values():
        imported = re.findall(r"^(?:from|import) (\w+)", file.get("stringData", ""), re.MULTILINE)
        assert set(imported) & ours <= mounted


def test_github_asks_for_memberships_that_are_not_public() -> None:
    made = hub("lab")["config"]
    assert made["JupyterHub"]["authenticator_class"] == "sign_in_github.GitHub"
    members, admins = "your-organisation:data-science", "your-organisation:jupyterhub-admins"
    assert made["GitHubOAuthenticator"]["allowed_groups"] == [members, admins]
    assert made["GitHubOAuthenticator"]["scope"] == ["read:org"]
    assert made["GitHubOAuthenticator"]["admin_groups"] == [admins]
    assert made["Authenticator"]["manage_groups"] is True
    assert hub("lab")
    assert build(settings_of("lab"))["custom"]["signIn"]["known_groups"] == [members, admins]


def test_cloudflare_is_a_provider_of_the_teams_own_application() -> None:
    made = hub("carbon254")["config"]
    generic = made["GenericOAuthenticator"]
    base = "https://254carbon.cloudflareaccess.com/cdn-cgi/access/sso/oidc/0123456789abcdef0123456789abcdef"
    assert made["JupyterHub"]["authenticator_class"] == "sign_in_cloudflare.Cloudflare"
    assert generic["authorize_url"] == f"{base}/authorization"
    assert generic["token_url"] == f"{base}/token"
    assert generic["userdata_url"] == f"{base}/userinfo"
    assert generic["allowed_groups"] == ["jupyter-admins", "jupyter-users"]
    assert generic["admin_groups"] == ["jupyter-admins"]
    assert generic["enable_pkce"] is True
    assert "groups" in generic["scope"]


@pytest.mark.parametrize(
    ("stack", "url"),
    [
        ("aiv-prod", "https://jupyterhub.aiv.internal/hub/oauth_callback"),
        ("lab", "https://jupyterhub.yourcompany.com/hub/oauth_callback"),
        ("carbon254", "https://jupyter.254carbon.com/hub/oauth_callback"),
    ],
)
def test_the_way_back_is_written_down_wherever_tls_ends(stack: str, url: str) -> None:
    config = hub(stack)["config"]
    assert [section["oauth_callback_url"] for section in config.values() if "client_id" in section] == [url]


def test_a_secret_that_others_keep_is_read_from_where_they_keep_it() -> None:
    assert "OAUTH_CLIENT_SECRET" not in hub("aiv-prod").get("extraEnv", {})
    assert hub("aiv-prod", CLUSTER)["extraEnv"]["OAUTH_CLIENT_SECRET"] == {
        "valueFrom": {"secretKeyRef": {"name": "entra-id-oauth", "key": "clientSecret"}}
    }


def test_the_hub_trusts_the_companys_authorities_when_it_asks_the_provider() -> None:
    assert hub("aiv-prod")["config"][ENTRA]["http_request_kwargs"] == {
        "ca_certs": "/etc/certificate-authorities/ca-certificates.crt"
    }
    assert "http_request_kwargs" not in hub("lab")["config"]["GitHubOAuthenticator"]
