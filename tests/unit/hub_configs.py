"""`hub.config` for tests: sound ones, and what the requirement documents have in their place."""

from __future__ import annotations

from tests.unit.documents import Document, patched

ADMINS, USERS = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"

SOUND: dict[str, Document] = {
    "entra": {
        "JupyterHub": {"authenticator_class": "azuread"},
        "Authenticator": {"enable_auth_state": True, "manage_groups": True},
        "AzureAdOAuthenticator": {
            "tenant_id": "33333333-3333-4333-8333-333333333333",
            "client_id": "44444444-4444-4444-8444-444444444444",
            "oauth_callback_url": "https://hub.example/hub/oauth_callback",
            "scope": ["openid", "profile"],
            "allowed_groups": [USERS],
            "admin_groups": [ADMINS],
            "username_claim": "preferred_username",
        },
        "KubeSpawner": {"delete_pvc": False, "container_security_context": {"runAsNonRoot": True}},
    },
    "github": {
        "JupyterHub": {"authenticator_class": "github"},
        "GitHubOAuthenticator": {
            "client_id": "Iv1.0000000000000000",
            "allowed_organizations": ["acme:science"],
            "scope": ["read:org"],
        },
    },
    "cloudflare": {
        "JupyterHub": {"authenticator_class": "generic-oauth"},
        "Authenticator": {"enable_auth_state": True, "manage_groups": True},
        "GenericOAuthenticator": {
            "client_id": "x",
            "username_claim": "email",
            "allowed_groups": ["science"],
            "auth_state_groups_key": "oauth_user.groups",
        },
    },
    "shared": {
        "JupyterHub": {"authenticator_class": "shared-password", "admin_access": False},
        "Authenticator": {"admin_users": ["eve"]},
        "SharedPasswordAuthenticator": {"allowed_users": ["ada", "bob"]},
    },
}


# A corner of the requirement documents' own snippets, by the correction that speaks of it.
SNIPPETS: dict[str, tuple[Document, set[str]]] = {
    "D2": (
        {
            "JupyterHub": {"authenticator_class": "github"},
            "GitHubOAuthenticator": {"client_id": "x", "admin_users": ["ada"]},
        },
        {"T10"},
    ),
    "D3": (
        {
            "JupyterHub": {"authenticator_class": "azuread"},
            "AzureAdOAuthenticator": {
                "allowed_groups": ["users"],
                "admin_groups": ["admins"],
                "username_claim": "oid",
            },
        },
        {"T10", "T12"},
    ),
    "D5": (patched(SOUND["entra"], {"AzureAdOAuthenticator": {"username_claim": None}}), {"T13"}),
    "D13": (
        {
            "JupyterHub": {"authenticator_class": "dummy"},
            "DummyAuthenticator": {"password": "s3cret"},
            "Authenticator": {"admin_users": ["ada"]},
        },
        {"T5", "T14", "T15"},
    ),
}
