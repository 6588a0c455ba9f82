"""A registry that mirrors the others: the chart's own images are taken from it, under the paths they had.

Names of the chart's images are known here, so that values need no archive; `findings` holds them against
the archive, where a newer chart may have moved or added one.
"""

from __future__ import annotations

from collections.abc import Iterator

from chart.archive import Archive
from chart.images import PLACES, Pulled, at, pulled
from chart.merge import Values
from chart.schema import over
from settings import Settings
from settings.finding import Finding

_OURS = ("hub", "proxy.chp", "singleuser")


def mirrored(settings: Settings, values: Values) -> Values:
    """Name, in the mirror, each image that the chart would still pull from elsewhere with these values."""
    written: Values = {}
    if settings.images.mirror:
        for place in PLACES:
            if place.path not in _OURS and place.pulled(values):
                _set(written, f"{place.path}.image.name", in_mirror(settings.images.mirror, place.default))
    return written


def in_mirror(mirror: str, name: str) -> str:
    """Give an image's name in the mirror: its registry goes, its path stays."""
    registry, slash, path = name.partition("/")
    if not slash or not ("." in registry or ":" in registry or registry == "localhost"):
        # Docker Hub's short forms: `traefik` lies there as `library/traefik`.
        path = name if slash else f"library/{name}"
    return f"{mirror}/{path}"


def findings(settings: Settings, values: Values, archive: Archive) -> list[Finding]:
    """Give each image that nodes would pull from elsewhere, or without a digest where one is required."""
    whole = over(archive.defaults, values)
    ours = {f"{path}.image" for path in _OURS}
    # The rules about settings speak of our three already.
    others = [image for image in pulled(whole) if image.path not in ours]
    return [*_beside(settings, others, archive), *_without_digest(settings, others)]


def _beside(settings: Settings, others: list[Pulled], archive: Archive) -> Iterator[Finding]:
    mirror = settings.images.mirror
    for image in others if mirror else ():
        original = at(archive.defaults, f"{image.path}.name")
        wanted = (
            in_mirror(mirror, original) if mirror and original else f"{settings.images.mirror_registry}/..."
        )
        if not (image.name == wanted if original else image.name.startswith(wanted.removesuffix("..."))):
            yield Finding(
                path=f"values.{image.path}",
                rule="D42",
                what=f"{image.reference} ({image.who}) should be {wanted}: the mirror is the only registry.",
                follows="Nodes cannot pull it: the pod waits in ImagePullBackOff.",
                remedy="Switch off what pulls it, or correct chart/images.py for this version of the chart.",
            )


def _without_digest(settings: Settings, others: list[Pulled]) -> Iterator[Finding]:
    for image in others if settings.images.digests == "required" else ():
        if not image.digest:
            yield Finding(
                path=f"values.{image.path}",
                rule="D29",
                what=f"{image.reference} ({image.who}) has no digest, and images.digests is required.",
                follows="Whoever may push to the registry can change what runs, and no review sees it.",
                remedy="Switch off what pulls it, or use images.digests: allowed.",
            )


def _set(tree: Values, path: str, leaf: str) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        tree = tree.setdefault(parent, {})
    tree[last] = leaf
