"""The annotation pulumi.com/waitFor: jsonpath={.a.b}[=value], condition=Type[=Status], or a list of them."""

from __future__ import annotations

import json
import re
from typing import Any

from embedded.providers.changes import parse as parse_path
from embedded.providers.errors import ProviderError
from embedded.providers.kube.client import Object
from embedded.providers.kube.waits.readiness import Check, Look, Readiness, condition

ANNOTATION = "pulumi.com/waitFor"
_JSONPATH = re.compile(r"jsonpath=\{(?P<path>[^}]*)\}(=(?P<value>.*))?")


def check_for(text: str) -> Check:
    """Read the annotation; what cannot be read is an error before anything is written."""
    expressions = _expressions(text)
    for one in expressions:
        if not one.startswith("condition=") and not _JSONPATH.fullmatch(one):
            raise ProviderError(
                f'{ANNOTATION}: expected "jsonpath={{.path}}[=value]" or "condition=Type[=Status]", '
                f"got {one!r}"
            )

    def check(look: Look, obj: Object) -> Readiness:
        unmet = [one for one in expressions if not _holds(one, obj)]
        return Readiness(
            not unmet, f"Waiting for {', '.join(unmet)}", [f"{one} does not hold" for one in unmet]
        )

    return check


def _expressions(text: str) -> list[str]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return [text]
    return [str(one) for one in parsed] if isinstance(parsed, list) else [text]


def _holds(expression: str, obj: Object) -> bool:
    match = _JSONPATH.fullmatch(expression)
    if match is None:
        type_, _, status = expression.removeprefix("condition=").partition("=")
        return str(condition(obj, type_).get("status", "")).lower() == (status or "True").lower()
    found = _value(obj, match["path"])
    return found is not None if match["value"] is None else str(found) == match["value"]


def _value(obj: Object, path: str) -> Any:  # noqa: ANN401 - a value inside an object can be anything
    found: Any = obj
    for step in parse_path(path):
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            return None
    return found
