"""Snippets of the requirement documents, as somebody writes them here who carries them over word by word."""

from __future__ import annotations

from dataclasses import dataclass

from tests.unit.documents import Document, committed, patched

SECRET = "AIV_CLIENT_SECRET"
PASSWORD = "try-me-all-of-you"
_NOBODY: Document = {"groups": None}
_ENTRA_IN_PYTHON = f"""\
from oauthenticator.azuread import AzureAdOAuthenticator
c.JupyterHub.authenticator_class = AzureAdOAuthenticator
c.AzureAdOAuthenticator.client_secret = "{SECRET}"
c.AzureAdOAuthenticator.allowed_groups = {{"jupyterhub-users"}}
"""


@dataclass(frozen=True)
class Transcription:
    """One snippet: which corrections speak of it, how it reads to people, and what it is in a stack file."""

    numbers: tuple[str, ...]
    words: str
    stack: str
    patch: Document

    def document(self) -> Document:
        return patched(committed(self.stack), self.patch)


TRANSCRIPTIONS = {
    "entra in the hub's words": Transcription(
        ("D1", "D3", "D15", "D44"),
        "Entra ID with chart 2.0.0: client_secret, oauth_callback_url, allowed_groups and admin_groups.",
        "aiv-prod",
        {
            "chart": {"version": "2.0.0"},
            "auth": {
                **_NOBODY,
                "clientSecret": SECRET,
                "oauthCallbackUrl": "https://jupyterhub.aiv.internal/hub/oauth_callback",
                "allowedGroups": ["jupyterhub-users"],
                "adminGroups": ["jupyterhub-admins"],
            },
        },
    ),
    "entra as python": Transcription(
        ("D15",),
        "The same as text for the hub: hub.extraConfig.",
        "aiv-prod",
        {"hub": {"extraConfig": {"10-entra-id-auth": _ENTRA_IN_PYTHON}}},
    ),
    "entra with groups by name": Transcription(
        ("D1", "D4"),
        "Entra ID with chart 2.0.0, in the settings' words: groups by name.",
        "aiv-prod",
        {
            "chart": {"version": "2.0.0"},
            "auth": {
                "groups": {
                    "users": "jupyterhub-users",
                    "gpu": "jupyterhub-gpu",
                    "admins": "jupyterhub-admins",
                }
            },
        },
    ),
    "groups without managed groups": Transcription(
        ("D3",),
        "Groups that are allowed and defined nowhere, and manage_groups left at its default.",
        "aiv-prod",
        {
            "auth": {
                "groups": None,
                "manage_groups": False,
                "enable_auth_state": False,
            }
        },
    ),
    "display name as user name": Transcription(
        ("D5",),
        "The user name of a class's default: the claim `name`.",
        "aiv-prod",
        {"auth": {"usernameClaim": "name"}},
    ),
    "github in the hub's words": Transcription(
        ("D2", "D15", "D44"),
        "GitHub on a public tunnel: client_secret, oauth_callback_url and admin_users.",
        "lab",
        {
            "auth": {
                **_NOBODY,
                "clientSecret": SECRET,
                "oauthCallbackUrl": "https://jupyterhub.yourcompany.com/hub/oauth_callback",
                "admin_users": ["your-github-username"],
            }
        },
    ),
    "github with administrators alone": Transcription(
        ("D2",),
        "GitHub on a public tunnel, in the settings' words: no organisation and no team.",
        "lab",
        {"auth": _NOBODY},
    ),
    "dummy": Transcription(
        ("D13",),
        "DummyAuthenticator with a password and admin_users.",
        "iav-test",
        {
            "auth": {
                "provider": "dummy",
                "password": PASSWORD,
                "users": None,
                "administrators": None,
                "admin_users": ["admin"],
            }
        },
    ),
    "dummy in the hub's words": Transcription(
        ("D13",),
        "The shared password in the settings, and admin_users who sign in by it.",
        "iav-test",
        {"auth": {"password": PASSWORD, "administrators": None, "admin_users": ["admin"], "expires": None}},
    ),
    "one password for all": Transcription(
        ("D13",),
        "One shared password, in the settings' words: administrators among the testers, any name, no end.",
        "iav-test",
        {
            "ingress": {"host": "jupyterhub.iav.com"},
            "auth": {
                "anyName": True,
                "users": ["admin", "tester"],
                "administrators": ["admin"],
                "expires": None,
            },
        },
    ),
}
