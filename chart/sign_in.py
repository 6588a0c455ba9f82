"""Values for signing in: who may, and how the hub asks the identity provider. No secret is among them.

Nothing here ever sets `allow_all` for an identity provider: without it, whoever is not named is refused.
"""

from __future__ import annotations

from chart.authorities import place
from chart.merge import Values
from settings import Settings
from settings.auth import Auth, Cloudflare, Entra, GitHub, Grouped, Identities, SharedPassword
from settings.door import callback_url
from settings.secrets import FromCluster, FromStore

# The short name that JupyterHub knows, and the class whose settings it reads.
_CLASSES = {
    SharedPassword: ("shared-password", "SharedPasswordAuthenticator"),
    Entra: ("azuread", "AzureAdOAuthenticator"),
    GitHub: ("github", "GitHubOAuthenticator"),
    Cloudflare: ("generic-oauth", "GenericOAuthenticator"),
}


def authenticator(auth: Auth) -> str:
    """Name the class: the credentials Secret adds the provider's secret to its settings."""
    return _CLASSES[type(auth)][1]


def sign_in(settings: Settings) -> Values:
    """Choose the authenticator and say who may sign in."""
    auth = settings.auth
    config: Values = {
        # admin_access: an administrator has no business in other people's servers.
        "JupyterHub": {"authenticator_class": _CLASSES[type(auth)][0], "admin_access": False},
        authenticator(auth): _password(auth) if isinstance(auth, SharedPassword) else _provider(settings),
    }
    if isinstance(auth, Grouped):
        # Without manage_groups the hub refuses to start with allowed_groups; with auth_state, which it
        # keeps encrypted, it looks at the groups again while people work and not at sign-in only.
        config["Authenticator"] = {"manage_groups": True, "enable_auth_state": True}
    return {"hub": {"config": config, **_secret(settings)}}


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
    return common | _own(auth)


def _own(auth: Auth) -> Values:
    if isinstance(auth, Entra):
        return _entra(auth)
    if isinstance(auth, Cloudflare):
        return _cloudflare(auth)
    return _github(auth) if isinstance(auth, GitHub) else {}


def _entra(auth: Entra) -> Values:
    endpoint = f"https://login.microsoftonline.com/{auth.tenant_id}/oauth2/v2.0"
    return {
        "tenant_id": auth.tenant_id,
        # The class's own endpoints are of version 1, whose tokens have no preferred_username.
        "authorize_url": f"{endpoint}/authorize",
        "token_url": f"{endpoint}/token",
        "scope": ["openid", "profile", "email"],
        # The default is the display name, which two people may share.
        "username_claim": auth.username_claim,
        "auth_state_groups_key": "user.groups",
        **_groups(auth),
    }


def _github(auth: GitHub) -> Values:
    names: Values = {
        "allowed_organizations": sorted(auth.organizations),
        # Without it GitHub tells of public memberships only.
        "scope": ["read:org"],
    }
    if auth.administrators:
        names["admin_users"] = sorted(auth.administrators)
    return names


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
        **_groups(auth),
    }


def _groups(auth: Entra | Cloudflare) -> Values:
    allowed: Values = {"allowed_groups": claims(auth, auth.allowed)}
    if auth.administrators:
        allowed["admin_groups"] = claims(auth, auth.administrators)
    return allowed


def claims(auth: Entra | Cloudflare, names: tuple[str, ...]) -> list[str]:
    """Give what the provider's tokens call these groups; a name that nobody defined is no group."""
    return sorted(auth.groups[name] for name in names if name in auth.groups)


def _secret(settings: Settings) -> Values:
    """Read the application's secret from a Secret that others keep; ours is laid over the values."""
    auth = settings.auth
    if not isinstance(auth, Identities) or not isinstance(settings.secrets, FromCluster | FromStore):
        return {}
    reference = {"name": auth.client_secret_name, "key": "clientSecret"}
    return {"extraEnv": {"OAUTH_CLIENT_SECRET": {"valueFrom": {"secretKeyRef": reference}}}}
