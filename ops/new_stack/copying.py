"""The text of a new stack file: the other's, without its secrets, with values of its own, and with marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ops import yaml_text
from ops.new_stack.differs import OPTIONAL, TABLE, Differs, Path, at
from ops.secrets.held import Held
from settings.stack_file import KEY

_SETTINGS = ("config", KEY)
_HEAD = """\
# yaml-language-server: $schema=schemas/settings.schema.json
#
# {name}: made like {like} by `ops new-stack`. Say here what it is for.
#
# OWN: made from the stack's name; correct it where that is wrong.
# {mark}: still the value of {like}; write this stack's own.
# Take each of these lines out once what is below it is right, and these three with the last of them.
"""
_MARK = re.compile(rf" *# (OWN|AS [a-z0-9-]+): ({'|'.join(re.escape(one.what) for one in TABLE)})")


@dataclass(frozen=True, kw_only=True)
class Copied:
    """The new file, and what a person still has to look at."""

    text: str
    own: tuple[tuple[Differs, Any], ...]
    """Made from the stack's name."""
    still: tuple[Differs, ...]
    """The other's values."""
    left_out: tuple[str, ...]
    """Keys of the other's config that were not copied."""


def copied(name: str, like: str, text: str, given: Mapping[Path, Any]) -> Copied:
    """Make the text of a stack like another one, with the values that are given."""
    body, left_out = _without_secrets(text)
    document = yaml.safe_load(body)["config"][KEY]
    rest = [one for one in TABLE if one.path not in given and _is_there(document, one.path)]
    made = [(one, one.own(name, at(document, one.path))) for one in rest if one.own]
    own = [(one, value) for one, value in made if value != at(document, one.path)]
    still = [one for one in rest if one not in [known for known, _ in own]]
    changes = {(*_SETTINGS, *path): value for path, value in given.items()}
    changes |= {(*_SETTINGS, *one.path): value for one, value in own}
    mark = _mark(like)
    marks = {(*_SETTINGS, *one.path): f"OWN: {one.what}" for one, _ in own}
    marks |= {(*_SETTINGS, *one.path): f"{mark}: {one.what}" for one in still}
    head = _HEAD.format(name=name, like=like, mark=mark)
    return Copied(
        text=head + _marked(yaml_text.edited(body, changes), marks),
        own=tuple(own),
        still=tuple(still),
        left_out=left_out,
    )


def _mark(like: str) -> str:
    return f"AS {like}"


def _is_there(document: Mapping[str, Any], path: Path) -> bool:
    return at(document, path) is not None or at(document, OPTIONAL.get(path, ("",))) is not None


def _without_secrets(text: str) -> tuple[str, tuple[str, ...]]:
    """Keep of a stack file its settings, and Pulumi's own settings that are no secrets."""
    found = yaml_text.entry(text, ("config",))
    if found is None or not isinstance(found[1], yaml.MappingNode) or found[1].flow_style:
        raise yaml_text.Unclear("Its section `config` is not written as a block.")
    held = Held.by(yaml.safe_load(text)["config"])
    if KEY in held.encrypted:
        raise yaml_text.Unclear("A secret stands inside of its settings: `ops check` says more.")
    lines = text.splitlines()
    # Its own marks of when it was new speak of a third stack.
    marks = {at_line for at_line, line in enumerate(lines) if _MARK.fullmatch(line)}
    left_out: list[str] = []
    gone: set[int] = marks
    for key, value in found[1].value:
        if key.value != KEY and (key.value in held.encrypted or not key.value.startswith("pulumi:")):
            left_out.append(key.value)
            gone.update(_lines_of(key, value, text, lines))
    first, last = found[0].start_mark.line, _line(text, yaml_text.end_of(found[1]))
    kept = [line for at_line, line in enumerate(lines) if first <= at_line <= last and at_line not in gone]
    return "\n".join(kept) + "\n", tuple(left_out)


def _lines_of(key: yaml.Node, value: yaml.Node, text: str, lines: list[str]) -> Iterator[int]:
    """Give the lines of an entry, with the comment right above it, which speaks of it."""
    first = key.start_mark.line
    yield from range(first, _line(text, yaml_text.end_of(value)) + 1)
    while first > 0 and lines[first - 1].lstrip().startswith("#"):
        first -= 1
        yield first


def _line(text: str, index: int) -> int:
    # The end of a text in lines of its own lies behind its last line's end.
    return text.count("\n", 0, index - (text[index - 1] == "\n"))


def _marked(text: str, marks: Mapping[Path, str]) -> str:
    """Write each mark as a comment line above its key; several of one line stand in their order."""
    lines, nodes = text.splitlines(), yaml_text.root(text)
    above: dict[int, list[str]] = {}
    for path, words in marks.items():
        if found := yaml_text.entry(nodes, path):
            above.setdefault(found[0].start_mark.line, []).append(words)
    result: list[str] = []
    for at_line, line in enumerate(lines):
        indent = re.match(" *", line)
        result += [f"{indent.group() if indent else ''}# {words}" for words in above.get(at_line, ())]
        result.append(line)
    marked = "\n".join(result) + "\n"
    if yaml.safe_load(marked) != yaml.safe_load(text):
        raise yaml_text.Unclear("A comment would become a part of a value.")
    return marked
