"""What a line of the audit trail looks like: a JSON schema, which `schemas/audit.schema.json` repeats.

Runs in the hub, whose event system wants the schema of what it is given.
"""

from __future__ import annotations

import json
import sys
from typing import Any

IDENTIFIER = "urn:jupyterhub-deployment:audit:v1"

EVENTS = {
    "hub_start": "The hub's process began.",
    "hub_stop": "The hub's process ends in order; one that was killed tells nothing.",
    "sign_in": "Somebody came in, or was refused.",
    "sign_out": "Somebody signed out.",
    "session_end": "Somebody who was signed in is not any more: the identity provider no longer confirms it.",
    "server_start": "A server was started, or could not be.",
    "server_stop": "A server was stopped; with actor_kind hub it ended by itself, or the hub stopped it.",
    "api_request": "Somebody asked the API for a change: what was asked for, and the answer.",
    "user_create": "An account appeared.",
    "user_change": "An account's name, or whether it administers the hub, changed.",
    "user_delete": "An account was removed.",
    "group_create": "A group appeared.",
    "group_change": "A group's name or properties changed.",
    "group_delete": "A group was removed, and its members' belonging with it.",
    "group_add": "Somebody became a member of a group.",
    "group_remove": "Somebody is no longer a member of a group.",
    "role_create": "A role appeared.",
    "role_change": "A role's name or scopes changed.",
    "role_delete": "A role was removed.",
    "role_grant": "Somebody, a service or a group got a role.",
    "role_revoke": "Somebody, a service or a group lost a role.",
    "service_create": "A service appeared.",
    "service_change": "A service changed.",
    "service_delete": "A service was removed.",
    "token_create": "A token was made.",
    "token_change": "A token's scopes, end or owner changed.",
    "token_revoke": "A token was removed; reason is expired where its time had come.",
    "share_create": "A server was shared with a user or a group.",
    "share_change": "What a share allows changed.",
    "share_revoke": "A share was removed.",
    "share_code_create": "A code was made that whoever has it exchanges for a share.",
    "share_code_change": "A code's scopes or end changed.",
    "share_code_revoke": "A code was removed.",
    "break_glass": "A command made, or revoked, an administrator's token for an emergency.",
}


def _text(words: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "maxLength": 255, "description": words}


_FIELDS: dict[str, Any] = {
    "audit": {"const": "v1", "description": "Tells these lines from all others, and their version."},
    "time": {
        "type": "string",
        "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
        "description": "When, in UTC (RFC 3339).",
    },
    "event": {
        "enum": sorted(EVENTS),
        "description": " ".join(f"{name}: {words}" for name, words in EVENTS.items()),
    },
    "outcome": {
        "enum": ["success", "refused", "failure"],
        "description": "Done; refused to who asked; or gone wrong.",
    },
    "hub": {"type": "string", "maxLength": 255, "description": "Which hub: the host of its address."},
    "user": _text("Whose account it is about. Of a refused sign-in only a name that is known, or proved."),
    "actor": _text("Who did it: a user or a service; null where nobody was signed in, or the hub itself."),
    "actor_kind": {
        "enum": ["user", "service", "nobody", "hub", "operator"],
        "description": "What the actor is; hub: no request led to it; operator: a command in the hub's pod.",
    },
    "credential": {
        "type": ["string", "null"],
        "pattern": "^(cookie|password|token a[0-9]+)$",
        "description": "How the actor was known: a browser's cookie, a password, a token by its number.",
    },
    "address": _text("Where the request came from, as JupyterHub takes it from its proxies."),
    "forwarded": {
        "type": "array",
        "maxItems": 50,
        "items": {"type": "string", "maxLength": 45},
        "description": "The addresses that the proxies wrote; the first ones are the client's own word.",
    },
    "request": {
        "type": ["string", "null"],
        "pattern": "^[0-9a-f]{32}$",
        "description": "One number for all that one request led to.",
    },
    "upstream_request": {
        "type": ["string", "null"],
        "pattern": "^[A-Za-z0-9._-]{8,128}$",
        "description": "The request's id by a proxy, from X-Request-Id; a client may have made it up.",
    },
    "reason": _text("Why it was refused or went wrong: one word of docs/audit.md, or a fault's kind."),
}

_NAMES = {"type": "array", "maxItems": 50, "items": {"type": "string", "maxLength": 255}}
_NAME = {"type": "string", "maxLength": 255}

_DETAILS: dict[str, Any] = {
    "admin": {"type": "boolean", "description": "The account administers the hub."},
    "change": {"enum": ["make", "revoke"], "description": "What an operator did in an emergency."},
    "changed": {**_NAMES, "description": "What of it changed."},
    "client": {**_NAME, "description": "The server or service for which a token was made."},
    "expires": {**_NAME, "description": "When it ends; without it, it does not."},
    "group": {**_NAME, "description": "The group."},
    "handler": {**_NAME, "description": "The part of the API that was asked."},
    "kind": {
        "enum": ["server", "browser", "api"],
        "description": "A token of a server, of a browser at a server or service, or for whoever has it.",
    },
    "method": {**_NAME, "description": "The request's method."},
    "operator": {**_NAME, "description": "Who gave a command, as the cluster knows them."},
    "purpose": {**_NAME, "description": "Why an operator broke the glass, in their words."},
    "role": {**_NAME, "description": "The role."},
    "scopes": {**_NAMES, "description": "What it allows; the first fifty."},
    "server": {**_NAME, "description": "The server's name; the default server has none."},
    "service": {**_NAME, "description": "The service."},
    "shared_with": {**_NAME, "description": "The user with whom a server is shared."},
    "status": {"type": "integer", "description": "The answer's status."},
    "token": {"type": "string", "pattern": "^a[0-9]+$", "description": "The token's number."},
    "version": {**_NAME, "description": "JupyterHub's version."},
}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": IDENTIFIER,
    "version": "1",
    "title": "Audit trail of a JupyterHub",
    "description": "One line of the audit trail. docs/audit.md explains it.",
    "type": "object",
    "additionalProperties": False,
    "required": [*_FIELDS, "details"],
    "properties": {
        **_FIELDS,
        "details": {
            "type": "object",
            "additionalProperties": False,
            "properties": _DETAILS,
            "description": "What else there is to tell of this event.",
        },
    },
}

if __name__ == "__main__":
    sys.stdout.write(json.dumps(SCHEMA, indent=2) + "\n")
