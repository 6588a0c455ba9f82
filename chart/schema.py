"""Holds the values against the chart's own schema, as Helm will: a preview by the provider does not."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from chart.merge import Values
from chart.source import Archive
from settings.finding import Finding


def findings(values: Values, archive: Archive) -> list[Finding]:
    """Give what the chart refuses in its defaults with ours laid over them."""
    whole = over(archive.defaults, values)
    return [
        Finding(
            path="values." + ".".join(str(part) for part in error.absolute_path),
            rule="chart schema",
            what=f"{(best_match([error]) or error).message[:300]}.",
            follows=f"Helm refuses the release with chart {archive.version}.",
            remedy="The program and the chart do not fit together: use the chart version of the settings, "
            "or correct chart/.",
        )
        for error in Draft7Validator(archive.schema).iter_errors(whole)
    ]


def over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Values:
    """Lay one tree over another as Helm does: trees join, lists and leaves replace, null removes."""
    joined = copy.deepcopy(dict(below))
    for key, value in above.items():
        if value is None:
            joined.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(joined.get(key), Mapping):
            joined[key] = over(joined[key], value)
        else:
            joined[key] = copy.deepcopy(value)
    return joined
