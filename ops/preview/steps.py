"""The steps of `pulumi preview --json`: what happens to which object, and in which of its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ops.differences import ABSENT, Field, fields_of
from ops.preview.hiding import CHANGED, MARKED

Json = Mapping[str, Any]
RELEASE = "kubernetes:helm.sh/v3:Release"
# One replacement is told in up to three steps.
_REPLACING = {"replace", "create-replacement", "delete-replaced", "import-replacement", "read-replacement"}
_WORDS = {
    "create": "create",
    "update": "update",
    "delete": "delete",
    "import": "import",
    "discard": "discard",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What happens to one object."""

    what: str
    """create, update, replace, delete, import, ..."""
    type: str
    name: str
    """Its name in the stack."""
    old: Json = field(default_factory=dict)
    """Its inputs before."""
    new: Json = field(default_factory=dict)
    kept: bool = False
    """Whether it stays in the cluster when the stack lets it go."""
    fields: tuple[Field, ...] = ()
    because: tuple[str, ...] = ()
    """What forces a replacement."""

    @property
    def kind(self) -> str:
        """Such as PersistentVolumeClaim."""
        return self.type.rsplit(":", 1)[-1]

    @property
    def ends(self) -> bool:
        """Whether the object of before goes."""
        return self.what in ("replace", "delete")

    @property
    def title(self) -> str:
        """Kind and name, as the cluster has them where it has the object."""
        metadata = self.new or self.old
        metadata = metadata if self.type == RELEASE else metadata.get("metadata") or {}
        in_cluster = metadata.get("name") if isinstance(metadata, Mapping) else None
        return f"{self.kind} {in_cluster or self.name}"


def steps(told: Json) -> list[Step]:
    """Read the steps of a preview, without those that change nothing."""
    by_urn: dict[str, list[Json]] = {}
    for one in told.get("steps") or ():
        if one.get("op") not in ("same", "read", "refresh", None):
            by_urn.setdefault(str(one["urn"]), []).append(one)
    return [_step(urn, ones) for urn, ones in by_urn.items()]


def _step(urn: str, ones: Sequence[Json]) -> Step:
    ops = {str(one["op"]) for one in ones}
    told = next((one for one in ones if one["op"] == "replace"), ones[0])
    what = "replace" if ops & _REPLACING else _WORDS.get(str(told["op"]), str(told["op"]))
    old, new = (_inputs(told, side) for side in ("oldState", "newState"))
    changed = what in ("update", "replace")
    return Step(
        what=what,
        type=urn.split("::")[2].rsplit("$", 1)[-1],
        name=urn.split("::", 3)[-1],
        old=old,
        new=new,
        kept=bool((told.get("oldState") or {}).get("retainOnDelete")),
        fields=tuple(_fields(old, new, told.get("detailedDiff") or {})) if changed else (),
        because=tuple(told.get("replaceReasons") or ()),
    )


def _inputs(told: Json, side: str) -> Json:
    inputs = (told.get(side) or {}).get("inputs")
    return inputs if isinstance(inputs, Mapping) else {}


def _fields(old: Json, new: Json, detailed: Json) -> Iterator[Field]:
    found = list(fields_of(dict(old), dict(new)))
    yield from found
    paths = [one.path for one in found]
    for path in sorted(detailed):
        # Two secrets look the same here, and what the cluster has beside the inputs is not among them.
        if not any(_same_place(path, known) for known in paths):
            yield Field(path=path, before=_at(old, path), after=_other(_at(new, path), _at(old, path)))


def _same_place(path: str, other: str) -> bool:
    # Items of lists have names on one side, and numbers on the other.
    one, two = (f"{place.partition('[')[0]}." for place in (path, other))
    return one.startswith(two) or two.startswith(one)


def _other(after: object, before: object) -> object:
    return CHANGED if after == before == MARKED else after


def _at(tree: object, path: str) -> Any:  # noqa: ANN401 -- JSON
    for part in path.split("."):
        if not isinstance(tree, Mapping) or part not in tree:
            return ABSENT
        tree = tree[part]
    return tree
