"""How two sets of objects differ: which came, which went, and in which fields the others changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from ops.objects import Identity
from ops.placeholders import Tokens

Json = dict[str, Any]
ABSENT = "(nothing)"
# By the first of these that all items of a list have, each with a value of its own, they are matched.
_LABELS = ("name", "mountPath", "key", "slug", "display_name", "alert")


@dataclass(frozen=True, kw_only=True)
class Field:
    """One place in an object that is no longer the same."""

    path: str
    before: Any
    """What was there, or ABSENT."""
    after: Any


@dataclass(frozen=True, kw_only=True)
class Change:
    """One object that is no longer the same."""

    what: Literal["added", "removed", "changed"]
    identity: Identity
    fields: tuple[Field, ...] = ()


def differences(before: Sequence[Json], after: Sequence[Json]) -> list[Change]:
    """Give every object that differs, in the order of the objects."""
    old, new = ({Identity.of(one): one for one in objects} for objects in (before, after))
    return [change for one in sorted(old.keys() | new.keys()) if (change := _change(one, old, new))]


def _change(one: Identity, old: Mapping[Identity, Json], new: Mapping[Identity, Json]) -> Change | None:
    if one not in old:
        return Change(what="added", identity=one)
    if one not in new:
        return Change(what="removed", identity=one)
    fields = tuple(fields_of(old[one], new[one]))
    return Change(what="changed", identity=one, fields=fields) if fields else None


def fields_of(before: Any, after: Any, path: str = "") -> Iterator[Field]:  # noqa: ANN401 -- JSON
    """Give the places where two trees differ."""
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_children(before, after, path)
    elif (old := _labelled(before)) is not None and (new := _labelled(after)) is not None:
        yield from _of_children(old, new, path)
        if not _same_order(old, new):
            yield Field(path=f"{path} (order)", before=list(old), after=list(new))
    elif _alike(before, after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from fields_of(one, other, f"{path}[{number}]")
    elif trees := _documents(before, after):
        yield from fields_of(*trees, f"{path}|")
    else:
        yield Field(path=path, before=before, after=after)


def _of_children(old: Mapping[str, Any], new: Mapping[str, Any], path: str) -> Iterator[Field]:
    for name in sorted(old.keys() | new.keys()):
        yield from fields_of(old.get(name, ABSENT), new.get(name, ABSENT), _below(path, name))


def _below(path: str, name: str) -> str:
    if name.startswith("["):
        return f"{path}{name}"
    written = f"[{name}]" if "." in name or "/" in name else name
    return f"{path}{'' if not path or path.endswith('|') or written.startswith('[') else '.'}{written}"


def _labelled(items: Any) -> dict[str, Any] | None:  # noqa: ANN401 -- JSON
    """Give a list's items by what names them; None where nothing does."""
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return None
    for label in _LABELS:
        names = [item.get(label) for item in items]
        if all(isinstance(name, str) for name in names) and len({*names}) == len(names):
            return {f"[{name}]": item for name, item in zip(names, items, strict=True)}
    return None


def _same_order(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return [name for name in old if name in new] == [name for name in new if name in old]


def _alike(old: Any, new: Any) -> bool:  # noqa: ANN401 -- JSON
    """Tell whether two lists have as many items, so that those without a name are matched by their place."""
    if not isinstance(old, list) or not isinstance(new, list) or len(old) != len(new):
        return False
    return all(isinstance(item, dict) for item in (*old, *new))


def _documents(before: Any, after: Any) -> tuple[Json, Json] | None:  # noqa: ANN401 -- JSON
    """Read two texts that are documents themselves: a change in a file has a path too."""
    old, new = _document(before), _document(after)
    return (old, new) if old is not None and new is not None and old != new else None


def _document(text: Any) -> Json | None:  # noqa: ANN401 -- JSON
    if not isinstance(text, str) or ("\n" not in text.strip() and not text.startswith("{")):
        return None
    tokens = Tokens()
    try:
        found = yaml.safe_load(tokens.hide(text))
    except yaml.YAMLError:
        return None
    return tokens.show(found) if isinstance(found, dict) else None
