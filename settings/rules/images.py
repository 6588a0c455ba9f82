"""Rules about images: one meaning for ever, and a registry that the nodes reach."""

from __future__ import annotations

from collections.abc import Iterator

from settings.door import Door
from settings.finding import Finding
from settings.images import Image, Images
from settings.profiles import Profile

Profiles = tuple[Profile, ...]
_MOVING = ("latest", "stable", "main", "master")


def _named(images: Images, profiles: Profiles) -> Iterator[tuple[str, Image]]:
    """Give every image that the settings name, and where."""
    for name, image in images.named():
        yield f"settings.images.{name}", image
    for place, profile in enumerate(profiles):
        for below, image in profile.named_images():
            yield f"settings.profiles[{place}].{below}", image


def tags_do_not_move(images: Images, profiles: Profiles) -> Iterator[Finding]:
    """Refuse tags that mean something else tomorrow, unless a digest holds them."""
    for path, image in _named(images, profiles):
        if image.tag in _MOVING and not image.digest:
            yield Finding(
                path=f"{path}.tag",
                rule="D29",
                what=f"{image.tag} means another image from day to day.",
                follows="Nodes run different images, and a rollback brings nothing back.",
                remedy="Use a version or a commit, or add the digest that was reviewed.",
            )


def digests_are_there(images: Images, profiles: Profiles) -> Iterator[Finding]:
    """Want the digest of each image where they are required."""
    for path, image in _named(images, profiles):
        if images.digests == "required" and not image.digest:
            yield Finding(
                path=f"{path}.digest",
                rule="D29",
                what=f"{image.reference} has no digest, and images.digests is required.",
                follows="Whoever may push to the registry can change what runs, and no review sees it.",
                remedy="Add the digest that was reviewed: `skopeo inspect --format '{{.Digest}}' "
                f"docker://{image.name}:{image.tag}` prints it.",
            )


def connector_has_its_digest(images: Images, ingress: Door) -> Iterator[Finding]:
    """Want the connector's image named with its digest where digests are required: its default has none."""
    if ingress.tunnel and images.digests == "required" and images.connector is None:
        yield Finding(
            path="settings.images.connector",
            rule="D29",
            what=f"{images.of_connector.reference} (the tunnel's connector) has no digest, "
            "and images.digests is required.",
            follows="Whoever may push to the registry can change what sees every request, unreviewed.",
            remedy="Name it here with the digest that was reviewed: {name: ..., tag: ..., digest: ...}.",
        )


def images_lie_where_nodes_reach_them(images: Images, profiles: Profiles) -> Iterator[Finding]:
    """Refuse an image that is not in the one registry there is."""
    registry = images.mirror_registry
    for path, image in _named(images, profiles):
        if registry and not image.name.startswith(f"{registry}/"):
            yield Finding(
                path=f"{path}.name",
                rule="D42",
                what=f"{image.name} does not lie in {registry}, the registry of images.mirror.",
                follows="Nodes cannot pull it: the pod waits in ImagePullBackOff.",
                remedy=f"Name it as it is in the mirror, such as {images.mirror}/"
                f"{image.name.partition('/')[2]}, or push it to {registry}.",
            )


RULES = (tags_do_not_move, digests_are_there, connector_has_its_digest, images_lie_where_nodes_reach_them)
