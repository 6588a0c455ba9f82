"""How the hub shows itself in a platform's portal: the card as data, and in the forms that portals read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from settings.document import Settings
from settings.door import url

SCHEMA = "https://json-schema.org/draft/2020-12/schema"
# What each field is, once for the schema and once for the interface; those that may be left out.
FIELDS: Mapping[str, str] = {
    "id": "The release: tells two hubs of one portal apart.",
    "title": "What the card says.",
    "description": "The line below.",
    "category": "The portal's group of cards.",
    "url": "The address that people type.",
    "icon": "Name of an icon that the portal has.",
}
OPTIONAL = frozenset({"icon"})
# Valid in JSON, and the end of a line or of a script to older readers of source: written as escapes.
_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def card(settings: Settings) -> dict[str, str] | None:
    """Give the card, with the address that people type; None where the settings have none."""
    wanted = settings.services.portal_card
    if wanted is None:
        return None
    told = {
        "id": settings.hub.release,
        "title": wanted.title,
        "description": wanted.description,
        "category": wanted.category,
        "url": url(settings.ingress, settings.tls),
    }
    return {**told, "icon": wanted.icon} if wanted.icon else told


def card_files(settings: Settings) -> dict[str, str]:
    """Give the card's files, by name: for programs, for a portal's source, and what the first may hold."""
    shown = card(settings)
    if shown is None:
        return {}
    return {
        "card.json": _json(shown) + "\n",
        "card.ts": typescript(shown),
        "card.schema.json": _json(schema()) + "\n",
    }


def schema() -> dict[str, Any]:
    """Describe card.json, for whoever checks what it reads."""
    return {
        "$schema": SCHEMA,
        "title": "A hub's card in a portal",
        "type": "object",
        "properties": {name: {"type": "string", "description": words} for name, words in FIELDS.items()}
        | {"url": {"type": "string", "format": "uri", "pattern": "^https?://", "description": FIELDS["url"]}},
        "required": [name for name in FIELDS if name not in OPTIONAL],
        "additionalProperties": False,
    }


def typescript(shown: Mapping[str, str]) -> str:
    """Write the card as a module: its type, and the same words as JSON has."""
    fields = "".join(
        f"  /** {words} */\n  readonly {name}{'?' if name in OPTIONAL else ''}: string;\n"
        for name, words in FIELDS.items()
    )
    return (
        "// Made from the hub's settings: change it there.\n"
        f"export interface PortalCard {{\n{fields}}}\n\n"
        f"export const card = {_json(shown)} as const satisfies PortalCard;\n"
    )


def _json(shown: Mapping[str, Any]) -> str:
    """Write JSON that is also safe inside a script of a page, whatever people wrote into the settings."""
    text = json.dumps(shown, indent=2)
    for character, escape in _ESCAPED.items():
        text = text.replace(character, escape)
    return text
