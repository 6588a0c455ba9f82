"""How data is written for review: sorted, every text as it reads, the same bytes for the same data."""

from __future__ import annotations

from typing import Any

import yaml

_TEXT = "tag:yaml.org,2002:str"


class _Dumper(yaml.SafeDumper):
    """Writes each list and mapping where it stands, and texts of several lines as such."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 -- PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar(_TEXT, text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)


def readable(value: object) -> str:
    """Write one document of YAML."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=110, allow_unicode=True)
    return text
