"""How the hub shows itself in a platform's portal: the card as data, and in the forms that portals read."""

from __future__ import annotations

import json

from settings.document import Settings
from settings.door import url


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
    """Give the card's files, by name: one for programs, one to take over into a portal's source."""
    shown = card(settings)
    if shown is None:
        return {}
    return {"card.json": _json(shown) + "\n", "card.ts": typescript(shown)}


def typescript(shown: dict[str, str]) -> str:
    """Write the card as a module: what JSON says, TypeScript says in the same words."""
    return (
        f"// Made from the hub's settings: change it there.\nexport const card = {_json(shown)} as const;\n"
    )


def _json(shown: dict[str, str]) -> str:
    return json.dumps(shown, indent=2)
