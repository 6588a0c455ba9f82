"""Who gets in with a hub's configuration: nobody, everybody, or those who were meant.

Facts of jupyterhub 5, oauthenticator 17 and what the catalogue says of the class that is chosen.
"""

from __future__ import annotations

from collections.abc import Iterator

from chart.hubconfig import HubConfig, mapping
from settings.finding import Finding

RULES = {
    "T10": "Somebody may sign in, and not the administrators alone.",
    "T11": "A sign-in with identities names who of them may enter.",
    "T12": "Groups that decide are kept by the hub, and kept current.",
    "T13": "Nobody is known by a display name.",
    "T14": "A password that many know makes nobody an administrator.",
    "T15": "No secret is among the values.",
    "T16": "Members of an organisation are seen as such.",
}
OAUTH = "OAuthenticator"
# The claims that a person chooses freely, and that two persons may share.
DISPLAY = ("name", "given_name", "family_name", "nickname")
GROUP_RULES = ("allowed_groups", "admin_groups")
ORG_SCOPES = {"read:org", "write:org", "admin:org"}
SECRETS = {
    "admin_password",
    "api_tokens",
    "auth_token",
    "client_secret",
    "cookie_secret",
    "github_client_secret",
    "google_service_account_keys",
    "keys",
    "password",
    "password_groups",
    "proxy_auth_token",
    "user_password",
}
# These let in nobody by themselves, whatever their names say.
NO_WAY_IN = {"allow_unverified_email", "allowed_idps"}


def findings(config: HubConfig) -> Iterator[Finding]:
    """Check the chosen authenticator, if the hub has it."""
    yield from secrets(config)
    chosen = config.chosen("authenticator_class")
    if not chosen:
        return
    lineage = config.catalogue.lineage(chosen)
    if "DummyAuthenticator" in lineage:
        yield from one_password_for_all(config, chosen)
    elif "NullAuthenticator" not in lineage:
        yield from somebody_gets_in(config, chosen)
    if OAUTH in lineage:
        yield from not_everybody_gets_in(config, chosen)
        yield from groups_are_kept(config, chosen)
        yield from names_are_unique(config, chosen)
    if "GitHubOAuthenticator" in lineage:
        yield from members_are_seen(config, chosen)


def secrets(config: HubConfig) -> Iterator[Finding]:
    """Refuse secrets in plain text."""
    for section, given in sorted(config.sections.items()):
        for name in sorted(SECRETS & mapping(given).keys()):
            if mapping(given)[name]:
                yield Finding(
                    path=f"values.hub.config.{section}.{name}",
                    rule="T15",
                    what="a secret stands in the values.",
                    follows="It can be read in the release's history and wherever the values are kept.",
                    remedy="Give it in the Secret that hub.existingSecret names, or in hub.extraEnv.",
                )


def somebody_gets_in(config: HubConfig, chosen: str) -> Iterator[Finding]:
    """Refuse a hub that locks everybody out, or everybody but its administrators."""
    if _ways_in(config, chosen):
        return
    admins = [name for name in _given(config, chosen, "admin") if OAUTH in config.catalogue.lineage(chosen)]
    yield Finding(
        path=f"values.hub.config.{chosen}",
        rule="T10",
        what=f"nothing allows anyone to sign in{' but ' + ', '.join(admins) if admins else ''}.",
        follows="Nobody but the administrators gets in."
        if admins
        else "Whoever signs in is told to go away.",
        remedy="Name who may: " + ", ".join(_allowing(config, chosen)) + ".",
    )


def _allowing(config: HubConfig, chosen: str) -> list[str]:
    """Give the settings of a class that let people in; everybody is another rule's matter."""
    known = {name for name in config.catalogue.settings(chosen) if name.startswith("allow")}
    extra = {"idps"} if "CILogonOAuthenticator" in config.catalogue.lineage(chosen) else set()
    return sorted((known | extra) - NO_WAY_IN - {"allow_all"})


def _ways_in(config: HubConfig, chosen: str) -> list[str]:
    return [
        name
        for name in ("allow_all", *_allowing(config, chosen))
        if config.effective(chosen, name) and _lets_in(config, chosen, name)
    ]


def _lets_in(config: HubConfig, chosen: str, name: str) -> bool:
    if name == "allowed_groups" and OAUTH in config.catalogue.lineage(chosen):
        return bool(config.effective(chosen, "manage_groups"))
    if name == "idps":
        providers = mapping(config.effective(chosen, name)).values()
        return any(mapping(one).get(key) for one in providers for key in ("allow_all", "allowed_domains"))
    return True


def _given(config: HubConfig, chosen: str, start: str) -> list[str]:
    names = sorted(name for name in config.catalogue.settings(chosen) if name.startswith(start))
    return [name for name in names if config.effective(chosen, name)]


def not_everybody_gets_in(config: HubConfig, chosen: str) -> Iterator[Finding]:
    """Refuse to let in whoever the provider knows (D2)."""
    if config.effective(chosen, "allow_all"):
        yield Finding(
            path=config.where(chosen, "allow_all"),
            rule="T11",
            what="everyone whom the identity provider knows may sign in.",
            follows="At a public provider that is every stranger with an account: code of theirs runs here.",
            remedy="Name who may: " + ", ".join(_allowing(config, chosen)) + ".",
        )


def groups_are_kept(config: HubConfig, chosen: str) -> Iterator[Finding]:
    """Refuse rules by groups where the hub keeps none, or keeps them from one sign-in to the next (D3)."""
    deciding = [name for name in GROUP_RULES if config.effective(chosen, name)]
    asking = deciding + [
        name for name in ("auth_state_groups_key",) if (config.given(chosen, name) or ("", ""))[1]
    ]
    managed = config.effective(chosen, "manage_groups")
    if not managed:
        yield from (_unmanaged(config, chosen, name) for name in asking)
        return
    if mapping(config.sections.get("JupyterHub")).get("load_groups"):
        yield _two_owners()
    if deciding and not config.effective(chosen, "auth_state_groups_key"):
        yield _no_key(config, chosen)
    if deciding and not config.effective(chosen, "enable_auth_state"):
        yield _stale(config, chosen)


def _unmanaged(config: HubConfig, chosen: str, name: str) -> Finding:
    return Finding(
        path=config.where(chosen, name),
        rule="T12",
        what=f"{name} is given, and manage_groups is not true.",
        follows=f"The hub does not start: {chosen}.{name} requires manage_groups.",
        remedy="Set hub.config.Authenticator.manage_groups and enable_auth_state to true.",
    )


def _two_owners() -> Finding:
    return Finding(
        path="values.hub.config.JupyterHub.load_groups",
        rule="T12",
        what="groups are given here, and the authenticator manages them.",
        follows="The hub does not start: groups have one owner.",
        remedy="Keep the groups at the identity provider, or set manage_groups to false.",
    )


def _no_key(config: HubConfig, chosen: str) -> Finding:
    return Finding(
        path=config.where(chosen, "auth_state_groups_key"),
        rule="T12",
        what=f"{chosen} is not told where the groups are.",
        follows="Nobody is a member of any group: everybody who was allowed by a group is locked out.",
        remedy="Set auth_state_groups_key to the path of the groups in auth_state.",
    )


def _stale(config: HubConfig, chosen: str) -> Finding:
    return Finding(
        path=config.where(chosen, "enable_auth_state"),
        rule="T12",
        what="groups decide who gets in, and enable_auth_state is not true.",
        follows="Groups are read at sign-in only: who leaves a group stays in as long as the cookie lasts.",
        remedy="Set hub.config.Authenticator.enable_auth_state to true.",
    )


def names_are_unique(config: HubConfig, chosen: str) -> Iterator[Finding]:
    """Refuse to know people by their display names (D5)."""
    # What OpenShift calls a name is unique in its cluster.
    if "OpenShiftOAuthenticator" in config.catalogue.lineage(chosen):
        return
    claim = config.effective(chosen, "username_claim")
    if claim in DISPLAY:
        default = "" if config.given(chosen, "username_claim") else " by default"
        yield Finding(
            path=config.where(chosen, "username_claim"),
            rule="T13",
            what=f"{chosen} takes a user's name from the claim {claim}{default}: the display name.",
            follows="Two people of one name share a home, and who renames himself takes another's.",
            remedy="Set username_claim to one that is unique and stays, such as preferred_username or oid.",
        )


def one_password_for_all(config: HubConfig, chosen: str) -> Iterator[Finding]:
    """Refuse the test authenticator where it gives rights, or asks for nothing (D13)."""
    if not config.effective(chosen, "password"):
        yield Finding(
            path="values.hub.config.JupyterHub.authenticator_class",
            rule="T14",
            what=f"{chosen}, the chart's own choice when nobody chooses, asks for no password.",
            follows="Whoever finds the hub signs in under any name, with any password.",
            remedy="Choose an authenticator with identities, or shared-password for a try.",
        )
    if config.effective(chosen, "admin_users"):
        yield Finding(
            path=config.where(chosen, "admin_users"),
            rule="T14",
            what="administrators sign in with the password that everybody knows.",
            follows="Whoever knows the password signs in as an administrator, and reads every home.",
            remedy="Use shared-password: its administrators have a second, long password.",
        )


def members_are_seen(config: HubConfig, chosen: str) -> Iterator[Finding]:
    """Refuse rules by organisation when the hub sees public memberships only."""
    asked = config.effective(chosen, "scope")
    scopes = {scope for scope in asked if isinstance(scope, str)} if isinstance(asked, list) else set()
    if config.effective(chosen, "allowed_organizations") and not ORG_SCOPES & scopes:
        yield Finding(
            path=config.where(chosen, "scope"),
            rule="T16",
            what="allowed_organizations is given, and the scope read:org is not asked for.",
            follows="GitHub shows public memberships only: a member is private by default, and locked out.",
            remedy="Add read:org to the scope.",
        )
