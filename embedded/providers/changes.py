"""What changed between what is and what is wanted, by property, and which change forces a replacement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from embedded.providers.codec import Unknown, Value

Step = str | int
Path = tuple[Step, ...]


class Kind(Enum):
    """How one property changes; the names are those of the engine's PropertyDiff."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True)
class Change:
    """One changed property; `value` is the wanted one."""

    path: Path
    kind: Kind
    value: Value = None
    replaces: bool = False

    @property
    def text(self) -> str:
        """The path as the engine writes it: spec.ports[0].name, metadata.annotations["a.b/c"]."""
        return path_text(self.path)


def path_text(path: Sequence[Step]) -> str:
    """Write a property path in the engine's notation."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif any(mark in step for mark in '."[]'):
            escaped = step.replace('"', '\\"')
            text += f'["{escaped}"]'
        else:
            text += f".{step}" if text else step
    return text


def changes(
    is_: Mapping[str, Value], wanted: Mapping[str, Value], asked: Mapping[str, Value]
) -> list[Change]:
    """Compare objects: `asked` is what was asked for last time, and only what it held can be deleted."""
    return list(_objects((), is_, wanted, asked))


def _objects(
    path: Path, is_: Mapping[str, Value], wanted: Mapping[str, Value], asked: Value
) -> Iterable[Change]:
    before = asked if isinstance(asked, Mapping) else {}
    for key, value in wanted.items():
        if key in is_:
            yield from _values((*path, key), is_[key], value, before.get(key))
        elif not (key in before and is_empty(value) and before[key] == value) and value is not None:
            # An empty list or false that was asked for before and that the server left out is no change:
            # it drops what equals the default of its type.
            yield Change((*path, key), Kind.ADD, value)
    for key in is_:
        if key not in wanted and key in before:
            yield Change((*path, key), Kind.DELETE)


def is_empty(value: Value) -> bool:
    """Whether a server may leave this out of what it returns."""
    return value is None or value == "" or value == 0 or value == [] or value == {}


def _values(path: Path, is_: Value, wanted: Value, asked: Value) -> Iterable[Change]:
    if isinstance(is_, Mapping) and isinstance(wanted, Mapping):
        yield from _objects(path, is_, wanted, asked)
    elif isinstance(is_, list) and isinstance(wanted, list):
        yield from _lists(path, is_, wanted, asked if isinstance(asked, list) else [])
    elif wanted is None and is_ is not None:
        yield Change(path, Kind.DELETE)
    elif isinstance(wanted, Unknown) or not _same(is_, wanted):
        yield Change(path, Kind.UPDATE, wanted)


def _same(one: Value, other: Value) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _lists(path: Path, is_: list[Value], wanted: list[Value], asked: list[Value]) -> Iterable[Change]:
    for index, value in enumerate(wanted):
        if index < len(is_):
            before = asked[index] if index < len(asked) else None
            yield from _values((*path, index), is_[index], value, before)
        else:
            yield Change((*path, index), Kind.ADD, value)
    for index in range(len(wanted), len(is_)):
        yield Change((*path, index), Kind.DELETE)


def mark_replacing(found: Iterable[Change], patterns: Iterable[str]) -> list[Change]:
    """Mark the changes that lie at, under or above one of the patterns (.spec.containers[*].image)."""
    split = [parse(pattern) for pattern in patterns]
    return [
        Change(one.path, one.kind, one.value, any(_touches(one, pattern) for pattern in split))
        for one in found
    ]


def parse(pattern: str) -> Path:
    """Read a pattern or a property path into its steps; [*] stands for any index."""
    steps: list[Step] = []
    rest = pattern.lstrip(".")
    while rest:
        if rest.startswith('["'):
            name, _, rest = rest[2:].partition('"]')
            steps.append(name)
        elif rest.startswith("["):
            index, _, rest = rest[1:].partition("]")
            steps.append(index if index == "*" else int(index))
        else:
            end = min((rest.index(mark) for mark in ".[" if mark in rest), default=len(rest))
            steps.append(rest[:end])
            rest = rest[end:]
        rest = rest.removeprefix(".")
    return tuple(steps)


def starts_with(path: Path, pattern: Path) -> bool:
    """Whether the path lies at or under the pattern."""
    if len(path) < len(pattern):
        return False
    pairs = zip(path, pattern, strict=False)
    return all(step == want or (want == "*" and isinstance(step, int)) for step, want in pairs)


def _touches(change: Change, pattern: Path) -> bool:
    if starts_with(change.path, pattern):
        return True
    head, tail = pattern[: len(change.path)], pattern[len(change.path) :]
    return bool(tail) and starts_with(change.path, head) and _inside(change.value, tail)


def _inside(value: Value, steps: Path) -> bool:
    if not steps:
        return True
    if steps[0] == "*":
        return isinstance(value, list) and any(_inside(item, steps[1:]) for item in value)
    return isinstance(value, Mapping) and steps[0] in value and _inside(value[steps[0]], steps[1:])


def without_ignored(found: Iterable[Change], ignored: Iterable[str]) -> list[Change]:
    """Drop the changes that the program asked to ignore (ignore_changes)."""
    paths = [parse(one) for one in ignored]
    return [one for one in found if not any(starts_with(one.path, path) for path in paths)]
