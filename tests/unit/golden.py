"""Reviewed snapshots: compared as text, remade with UPDATE_GOLDEN=1."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.unit.documents import PROJECT

FOLDER = PROJECT / "tests" / "golden"


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 -- PyYAML's signature
        return True


@cache
def _files() -> Mapping[str, str]:
    kinds = {".html", ".js", ".json", ".py"}
    files = (place for place in (PROJECT / "files").rglob("*") if place.suffix in kinds)
    return {place.read_text(): place.relative_to(PROJECT).as_posix() for place in files}


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if file := _files().get(text):
        # It is reviewed where it lies, and once for all stacks.
        return dumper.represent_scalar("tag:yaml.org,2002:str", f"<{file}>")
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def as_yaml(value: object, head: str) -> str:
    body = yaml.dump(value, Dumper=_Dumper, sort_keys=True, width=110)
    return f"{head}{body}"


def check(name: str, text: str) -> None:
    place: Path = FOLDER / name
    if os.environ.get("UPDATE_GOLDEN"):
        place.write_text(text)
    assert place.read_text() == text, f"reviewed? then UPDATE_GOLDEN=1 pytest remakes {name}"
