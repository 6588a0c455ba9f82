"""Patches of sound `hub.config`s that each have one fault, with what is said of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.unit.documents import Document, patched
from tests.unit.hub_configs import SOUND, USERS


class Fault(NamedTuple):
    """One fault: where it is put, and what is said of it."""

    rule: str
    sound: str
    patch: Document
    path: str
    says: str
    severity: str = "error"

    def configuration(self) -> Document:
        """Give the sound configuration with the fault in it. In a section of its own null takes nothing."""
        sound = SOUND[self.sound]
        added = {name: section for name, section in self.patch.items() if name not in sound}
        return {**patched(sound, self.patch), **added}


def _azuread(**settings: Any) -> Document:  # noqa: ANN401 -- any trait
    return {"AzureAdOAuthenticator": settings}


def _spawner(**settings: Any) -> Document:  # noqa: ANN401 -- any trait
    return {"KubeSpawner": settings}


FAULTS: dict[str, Fault] = {
    "class in another case": Fault(
        "T1", "entra", {"AzureADOAuthenticator": {}}, "AzureADOAuthenticator", "mean AzureAdOAuthenticator?"
    ),
    "chart's own word": Fault("T1", "shared", {"loadRoles": {}}, "loadRoles", "no class of jupyterhub 5.5.4"),
    "telemetry of old": Fault(
        "T1", "shared", {"EventLog": {"handlers": []}}, "EventLog", "Did you mean EventLogger?"
    ),
    "misspelt trait": Fault(
        "T2",
        "entra",
        _azuread(allowed_group=[USERS]),
        "AzureAdOAuthenticator.allowed_group",
        "Did you mean allowed_groups?",
    ),
    "another class's trait": Fault(
        "T2",
        "entra",
        _azuread(allowed_organizations=["acme"]),
        "AzureAdOAuthenticator.allowed_organizations",
        "GitHubOAuthenticator has one.",
    ),
    "replicas": Fault("T2", "shared", {"JupyterHub": {"replicas": 2}}, "JupyterHub.replicas", "no setting"),
    "no setting": Fault(
        "T3", "shared", _spawner(user_options={}), "KubeSpawner.user_options", "from no configuration"
    ),
    "attribute in a setting's place": Fault(
        "T3",
        "shared",
        {"JupyterHub": {"authenticator_class": "null"}, "Authenticator": {"auto_login": True}}
        | {"SharedPasswordAuthenticator": None},
        "Authenticator.auto_login",
        "auto_login of NullAuthenticator",
    ),
    "section that is none": Fault(
        "T4", "shared", {"CryptKeeper": [1]}, "CryptKeeper", "a mapping of settings"
    ),
    "mapping for a list": Fault(
        "T4",
        "entra",
        _azuread(allowed_groups={USERS: True}),
        "AzureAdOAuthenticator.allowed_groups",
        "it is a mapping, and takes a list of: a string",
    ),
    "word for a mapping": Fault(
        "T4", "shared", _spawner(extra_labels="a=b"), "KubeSpawner.extra_labels", "takes a mapping"
    ),
    "number for a word": Fault(
        "T4",
        "entra",
        _azuread(client_id=4),
        "AzureAdOAuthenticator.client_id",
        "a whole number, and takes a str",
    ),
    "numbers in a list of words": Fault(
        "T4", "entra", _azuread(scope=[1]), "AzureAdOAuthenticator.scope", "a list of: a string"
    ),
    "word for a truth": Fault(
        "T4", "entra", {"Authenticator": {"auto_login": "yes"}}, "Authenticator.auto_login", "true or false"
    ),
    "truth for a number": Fault(
        "T4",
        "entra",
        {"Authenticator": {"auth_refresh_age": True}},
        "Authenticator.auth_refresh_age",
        "a whole",
    ),
    "null where none may be": Fault(
        "T4", "shared", {"Spawner": {"start_timeout": None}}, "Spawner.start_timeout", "it is null"
    ),
    "none of the choices": Fault(
        "T4", "shared", _spawner(slug_scheme="short"), "KubeSpawner.slug_scheme", "one of safe, escape"
    ),
    "Kubernetes' unit": Fault(
        "T4", "shared", {"Spawner": {"mem_limit": "1Gi"}}, "Spawner.mem_limit", "a number with K, M, G or T"
    ),
    "function as text": Fault(
        "T4",
        "shared",
        _spawner(modify_pod_hook="hooks.modify"),
        "KubeSpawner.modify_pod_hook",
        "a function, which values cannot hold",
    ),
    "number out of bounds": Fault(
        "T4", "shared", {"Spawner": {"poll_jitter": 2}}, "Spawner.poll_jitter", "at most 1"
    ),
    "old name": Fault(
        "T5",
        "cloudflare",
        {"GenericOAuthenticator": {"extra_params": {"a": "b"}}},
        "GenericOAuthenticator.extra_params",
        "Use token_params instead.",
        "warning",
    ),
    "old name of the spawner": Fault(
        "T5",
        "shared",
        _spawner(singleuser_uid=1000),
        "KubeSpawner.singleuser_uid",
        "Use uid instead.",
        "warning",
    ),
    "old right over everybody": Fault(
        "T5",
        "shared",
        {"JupyterHub": {"admin_access": True}},
        "JupyterHub.admin_access",
        "deprecated",
        "warning",
    ),
    "gone name": Fault(
        "T5",
        "shared",
        {
            "JupyterHub": {"authenticator_class": "cilogon"},
            "SharedPasswordAuthenticator": None,
            "CILogonOAuthenticator": {"allowed_users": ["ada"], "skin": "x", "strip_idp_domain": True},
        },
        "CILogonOAuthenticator.strip_idp_domain",
        "gone since 15.0.0",
    ),
    "claim of old": Fault(
        "T5",
        "entra",
        _azuread(user_groups_claim="groups"),
        "AzureAdOAuthenticator.user_groups_claim",
        "since 17.0",
        "warning",
    ),
    "authenticator of nobody": Fault(
        "T6",
        "shared",
        {"JupyterHub": {"authenticator_class": "azure-ad"}},
        "JupyterHub.authenticator_class",
        "Did you mean azuread?",
    ),
    "authenticator without its module": Fault(
        "T6",
        "shared",
        {"JupyterHub": {"authenticator_class": "mediawiki"}},
        "JupyterHub.authenticator_class",
        "lacks the module mwoauth",
    ),
    "authenticator of another package": Fault(
        "T6",
        "shared",
        {"JupyterHub": {"authenticator_class": "nativeauthenticator.NativeAuthenticator"}},
        "JupyterHub.authenticator_class",
        "no such class",
    ),
    "authenticator of a like name": Fault(
        "T6",
        "shared",
        {"JupyterHub": {"authenticator_class": "ours.AzureAdOAuthenticator"}},
        "JupyterHub.authenticator_class",
        "no such class",
    ),
    "section of another authenticator": Fault(
        "T7",
        "entra",
        {"GitHubOAuthenticator": {"allowed_organizations": ["acme"]}},
        "GitHubOAuthenticator",
        "the hub uses AzureAdOAuthenticator",
        "warning",
    ),
    "section of another spawner": Fault(
        "T7", "shared", {"LocalProcessSpawner": {}}, "LocalProcessSpawner", "uses KubeSpawner", "warning"
    ),
    "nobody": Fault(
        "T10",
        "shared",
        {"SharedPasswordAuthenticator": {"allowed_users": []}},
        "SharedPasswordAuthenticator",
        "Whoever signs in is told to go away.",
    ),
    "unverified mail lets nobody in": Fault(
        "T10",
        "shared",
        {
            "JupyterHub": {"authenticator_class": "auth0"},
            "SharedPasswordAuthenticator": None,
            "Authenticator": None,
            "Auth0OAuthenticator": {"auth0_domain": "x.example", "allow_unverified_email": True},
        },
        "Auth0OAuthenticator",
        "nothing allows anyone",
    ),
    "administrators alone": Fault(
        "T10",
        "entra",
        _azuread(allowed_groups=None),
        "AzureAdOAuthenticator",
        "Nobody but the administrators gets in.",
    ),
    "tenant": Fault(
        "T11",
        "entra",
        _azuread(allow_all=True),
        "AzureAdOAuthenticator.allow_all",
        "everyone whom the identity provider knows",
    ),
    "every stranger, by a base": Fault(
        "T11", "github", {"OAuthenticator": {"allow_all": True}}, "OAuthenticator.allow_all", "every stranger"
    ),
    "groups of last month": Fault(
        "T12",
        "entra",
        {"Authenticator": {"enable_auth_state": False}},
        "Authenticator.enable_auth_state",
        "who leaves a group stays in",
    ),
    "groups from nowhere": Fault(
        "T12",
        "cloudflare",
        {"GenericOAuthenticator": {"auth_state_groups_key": ""}},
        "GenericOAuthenticator.auth_state_groups_key",
        "locked out",
    ),
    "groups with two owners": Fault(
        "T12", "entra", {"JupyterHub": {"load_groups": {"a": {}}}}, "JupyterHub.load_groups", "one owner"
    ),
    "display name": Fault(
        "T13",
        "cloudflare",
        {"GenericOAuthenticator": {"username_claim": "name"}},
        "GenericOAuthenticator.username_claim",
        "share a home",
    ),
    "display name under an old name": Fault(
        "T13",
        "cloudflare",
        {"GenericOAuthenticator": {"username_claim": None, "username_key": "name"}},
        "GenericOAuthenticator.username_key",
        "share a home",
    ),
    "no password at all": Fault(
        "T14",
        "shared",
        {"JupyterHub": None, "SharedPasswordAuthenticator": None, "Authenticator": None},
        "JupyterHub.authenticator_class",
        "under any name",
    ),
    "client secret": Fault(
        "T15",
        "github",
        {"OAuthenticator": {"client_secret": "s3cret"}},
        "OAuthenticator.client_secret",
        "Secret",
    ),
    "private members": Fault(
        "T16", "github", {"GitHubOAuthenticator": {"scope": None}}, "GitHubOAuthenticator.scope", "read:org"
    ),
}
