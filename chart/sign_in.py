"""Values for signing in: who may, and how the hub asks the identity provider. No secret is among them.

Nothing here ever sets `allow_all` for an identity provider: without it, whoever is not named is refused.
"""

from __future__ import annotations

import json

from chart.authorities import place
from chart.hub_files import module
from chart.hubconfig import OURS
from chart.merge import Values, disjoint
from settings import Settings
from settings.auth import Auth, Cloudflare, Entra, GitHub, Grouped, Identities, SharedPassword
from settings.capabilities import administering, signing_in
from settings.door import callback_url
from settings.secrets import FromCluster, FromStore

# Of ours, in files/hub.
_CLASSES = {
    Entra: "sign_in_entra.Entra",
    GitHub: "sign_in_github.GitHub",
    Cloudflare: "sign_in_cloudflare.Cloudflare",
}
_SHARED = ("answers", "departures", "id_tokens", "leaving", "refused", "rounds", "signing_in")
_INSTALL = """\
c.{ours}.update(get_config("custom.signIn"))
c.{ours}.machine_users = get_config("custom.machineUsers", [])
"""
# Seconds until the provider is asked again about somebody: with the rounds of files/hub/leaving.py and the
# time that a stop takes, whoever has left is out within 15 minutes.
_ASKED_AGAIN = 600


def authenticator(auth: Auth) -> str:
    """Name the class: the credentials Secret adds the provider's secret to its settings."""
    return OURS[_CLASSES[type(auth)]] if type(auth) in _CLASSES else "SharedPasswordAuthenticator"


def sign_in(settings: Settings) -> Values:
    """Choose the authenticator and say who may sign in."""
    auth = settings.auth
    config: Values = {
        "JupyterHub": {
            "authenticator_class": _CLASSES.get(type(auth), "shared-password"),
            # Of the hub's page and of servers; the role behind it is narrowed in roles.py.
            "admin_access": auth.admin_access,
            "cookie_max_age_days": 1,
        },
        authenticator(auth): _password(auth) if isinstance(auth, SharedPassword) else _provider(settings),
    }
    if not isinstance(auth, Identities):
        return {"hub": {"config": config}}
    # With auth_state, which it keeps encrypted, the hub asks about people again while they work.
    asking: Values = {
        "enable_auth_state": True,
        "auth_refresh_age": _ASKED_AGAIN,
        "refresh_pre_spawn": True,
    }
    # Without manage_groups the hub refuses to start with allowed_groups.
    config["Authenticator"] = {**asking, "manage_groups": True}
    return {
        "custom": {"signIn": _of_ours(auth)},
        "hub": {"config": config, **_code(auth), **_secret(settings)},
    }


def _code(auth: Identities) -> Values:
    """Mount our classes, and give them what hub.config has no place for: it is held against the hub's own."""
    file, _, ours = _CLASSES[type(auth)].partition(".")
    files = ((f"{name}.py", module(f"{name}.py")) for name in (*_SHARED, file))
    return {"extraFiles": disjoint(files), "extraConfig": {"sign-in": _INSTALL.format(ours=ours)}}


def _of_ours(auth: Identities) -> Values:
    """Give the settings that our classes add to oauthenticator's."""
    common: Values = {"contact": auth.contact or "", "leaving": auth.leaving}
    if isinstance(auth, Entra | GitHub):
        common["known_groups"] = sorted(auth.groups.values())
    if not isinstance(auth, Entra):
        return common
    return {
        **common,
        "access": auth.access,
        "graph_api": f"https://{auth.graph_host}",
        "second_factor": auth.mfa == "required",
        "authentication_context": auth.authentication_context or "",
    }


def _password(auth: SharedPassword) -> Values:
    who: Values = {"allow_all": True} if auth.any_name else {"allowed_users": sorted(auth.users)}
    if auth.administrators:
        who["admin_users"] = sorted(auth.administrators)
    return who


def _provider(settings: Settings) -> Values:
    auth, bundle = settings.auth, settings.cluster.ca_bundle
    common: Values = {}
    if isinstance(auth, Identities):
        common = {
            "client_id": auth.client_id,
            # Never guessed from a request: a proxy that drops X-Forwarded-Proto would make it http.
            "oauth_callback_url": callback_url(settings.ingress, settings.tls),
            "enable_pkce": True,
        }
    if bundle:
        # The hub asks by libcurl, which heeds none of the variables for authorities.
        common["http_request_kwargs"] = {"ca_certs": place(bundle)}
    return common | _own(auth) | _groups(settings)


def _own(auth: Auth) -> Values:
    if isinstance(auth, Entra):
        return _entra(auth)
    if isinstance(auth, Cloudflare):
        return _cloudflare(auth)
    return _GITHUB if isinstance(auth, GitHub) else {}


def _entra(auth: Entra) -> Values:
    endpoint = f"https://{auth.login_host}/{auth.tenant_id}/oauth2/v2.0"
    return {
        "tenant_id": auth.tenant_id,
        # Where people sign in, whatever the setting's name says.
        "graph_url": f"https://{auth.login_host}",
        # The class's own endpoints are of version 1, whose tokens have no preferred_username.
        "authorize_url": f"{endpoint}/authorize",
        "token_url": f"{endpoint}/token",
        "scope": _scope(auth),
        **_context(auth),
        # The default is the display name, which two people may share.
        "username_claim": auth.username_claim,
        "auth_state_groups_key": f"user.{auth.access}",
    }


def _scope(auth: Entra) -> list[str]:
    # offline_access: without a refresh token nobody could be asked about again.
    scope = ["openid", "profile", "email", "offline_access"]
    if auth.access == "roles":
        return scope
    # The least that Graph takes to tell somebody's own groups; without a host it is the global cloud's.
    graph = "" if auth.cloud == "global" else f"https://{auth.graph_host}/"
    return [*scope, f"{graph}User.Read"]


def _context(auth: Entra) -> Values:
    if auth.mfa != "required" or not auth.authentication_context:
        return {}
    wanted = {"id_token": {"acrs": {"essential": True, "value": auth.authentication_context}}}
    return {"extra_authorize_params": {"claims": json.dumps(wanted)}}


_GITHUB: Values = {
    # Without it GitHub tells of public memberships only.
    "scope": ["read:org"],
    # Wanted by the hub's own check; our class asks GitHub about each place that the settings name.
    "auth_state_groups_key": "github_user.places",
}


def _cloudflare(auth: Cloudflare) -> Values:
    application = f"https://{auth.team}.cloudflareaccess.com/cdn-cgi/access/sso/oidc/{auth.client_id}"
    return {
        "login_service": "Cloudflare Access",
        "authorize_url": f"{application}/authorization",
        "token_url": f"{application}/token",
        "userdata_url": f"{application}/userinfo",
        "scope": ["openid", "email", "profile", "groups"],
        "username_claim": auth.username_claim,
        "auth_state_groups_key": "oauth_user.groups",
    }


def _groups(settings: Settings) -> Values:
    auth = settings.auth
    if not isinstance(auth, Grouped):
        return {}
    allowed: Values = {"allowed_groups": _claims(auth, signing_in(settings.capabilities))}
    if administrators := _claims(auth, administering(settings.capabilities)):
        allowed["admin_groups"] = administrators
    return allowed


def _claims(auth: Grouped, names: tuple[str, ...]) -> list[str]:
    """Give what the provider calls these groups; a name that nobody defined is no group."""
    return sorted(auth.groups[name] for name in names if name in auth.groups)


def _secret(settings: Settings) -> Values:
    """Read the application's secret from a Secret that others keep; ours is laid over the values."""
    auth = settings.auth
    if not isinstance(auth, Identities) or not isinstance(settings.secrets, FromCluster | FromStore):
        return {}
    reference = {"name": auth.client_secret_name, "key": "clientSecret"}
    return {"extraEnv": {"OAUTH_CLIENT_SECRET": {"valueFrom": {"secretKeyRef": reference}}}}
