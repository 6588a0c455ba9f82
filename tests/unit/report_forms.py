"""What the published schemas of two report formats require of what we write, field by field."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _object(required: str, **properties: Any) -> Schema:  # noqa: ANN401 -- a schema is any JSON
    return {
        "type": "object",
        "properties": properties,
        "required": required.split(),
        "additionalProperties": False,
    }


def _list(items: Schema, **more: object) -> Schema:
    return {"type": "array", "items": items, **more}


_TEXT: Schema = {"type": "string", "minLength": 1}
_COUNT: Schema = {"type": "integer", "minimum": 1}
# A file of the repository: a leading slash or dots would point past it.
_FILE: Schema = {"type": "string", "pattern": r"^(?!/)(?!\.)[A-Za-z0-9._/-]+$"}

# docs.gitlab.com: "Code Quality report format".
CODE_QUALITY: Schema = _list(
    _object(
        "description check_name fingerprint severity location",
        description=_TEXT,
        check_name=_TEXT,
        fingerprint=_TEXT,
        severity={"enum": ["info", "minor", "major", "critical", "blocker"]},
        location=_object("path lines", path=_FILE, lines=_object("begin", begin=_COUNT)),
    )
)

_MESSAGE = _object("text", text=_TEXT)
_LEVEL: Schema = {"enum": ["none", "note", "warning", "error"]}
_PLACE = _object(
    "artifactLocation region",
    artifactLocation=_object("uri", uri=_FILE),
    region=_object("startLine", startLine=_COUNT, startColumn=_COUNT),
)
_RESULT = _object(
    "message ruleId level locations",
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations=_list(
        _object(
            "physicalLocation",
            physicalLocation=_PLACE,
            logicalLocations=_list(_object("fullyQualifiedName", fullyQualifiedName=_TEXT), uniqueItems=True),
        ),
        maxItems=1,
    ),
    partialFingerprints={"type": "object", "additionalProperties": _TEXT},
)
# OASIS: SARIF 2.1.0 with errata 01, the parts of it that are used here.
SARIF: Schema = _object(
    "version runs",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs=_list(
        _object(
            "tool results",
            tool=_object(
                "driver",
                driver=_object("name", name=_TEXT, rules=_list(_object("id", id=_TEXT), uniqueItems=True)),
            ),
            columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
            invocations=_list(
                _object(
                    "executionSuccessful",
                    executionSuccessful={"type": "boolean"},
                    toolExecutionNotifications=_list(_object("message", level=_LEVEL, message=_MESSAGE)),
                )
            ),
            results=_list(_RESULT),
        ),
        minItems=1,
    ),
)
