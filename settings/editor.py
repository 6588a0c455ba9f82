"""The JSON schema by which an editor checks a stack file: `python -m settings.editor` writes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from settings.document import Settings

PLACE = Path(__file__).resolve().parent.parent / "schemas" / "settings.schema.json"


def render() -> str:
    """Give the schema of a whole Pulumi.<stack>.yaml, as text."""
    settings = Settings.model_json_schema(by_alias=True)
    definitions = settings.pop("$defs")
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pulumi.<stack>.yaml of this project",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": ["jupyterhub:settings"],
                "properties": {"jupyterhub:settings": settings},
            }
        },
        "$defs": definitions,
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
