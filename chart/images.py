"""The images of a release: ours as values, and the list of all that a stack will pull."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chart.merge import Values
from settings import Settings

_OFF: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Place:
    """A place in the values where the chart takes an image as name and tag."""

    path: str
    who: str
    default: str
    """The name that chart 4.4 gives it."""
    pulled: Callable[[Values], bool]
    """Whether, with these values, a pod is made that pulls it."""


@dataclass(frozen=True)
class Pulled:
    """An image that nodes will pull: by whom, and which place in the values says so."""

    who: str
    path: str
    name: str
    tag: str
    digest: str

    @property
    def reference(self) -> str:
        """The image as a container names it."""
        tagged = f"{self.name}:{self.tag}" if self.tag else self.name
        return f"{tagged}@{self.digest}" if self.digest else tagged


def images(settings: Settings) -> Values:
    """Name the three images of ours, and how all are pulled."""
    chosen = settings.images
    values: Values = {
        "hub": {"image": {"name": chosen.hub.name, "tag": chosen.hub.pinned_tag}},
        "proxy": {"chp": {"image": {"name": chosen.proxy.name, "tag": chosen.proxy.pinned_tag}}},
        "singleuser": {"image": {"name": chosen.notebook.name, "tag": chosen.notebook.pinned_tag}},
    }
    if chosen.pull_secrets:
        values["imagePullSecrets"] = list(chosen.pull_secrets)
    return values


def pulled(values: Values) -> list[Pulled]:
    """List what nodes pull with these values: the chart's defaults with ours laid over them."""
    found = [
        _split(place.who, f"{place.path}.image", f"{image.get('name')}:{image.get('tag')}")
        for place in PLACES
        if place.pulled(values) and (image := at(values, f"{place.path}.image"))
    ]
    return [*found, *_free(values)]


def at(values: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 -- a leaf or a tree of the values
    """Give what lies at a path; an empty tree where nothing does."""
    here: Any = values
    for key in path.split("."):
        here = here.get(key) if isinstance(here, Mapping) else None
    return _OFF if here is None else here


def _free(values: Values) -> Iterator[Pulled]:
    """Give images that are named whole, in containers and profiles."""
    for path in ("hub.initContainers", "hub.extraContainers", "singleuser.initContainers"):
        yield from _containers(values, path)
    yield from _containers(values, "singleuser.extraContainers")
    for index, profile in enumerate(at(values, "singleuser.profileList") or ()):
        for override in _overrides(profile):
            if image := override.get("image"):
                yield _split(f"profile {profile.get('slug')}", f"singleuser.profileList[{index}]", image)
    if _puller(values):
        for name, image in at(values, "prePuller.extraImages").items():
            yield _split("image puller", f"prePuller.extraImages.{name}", f"{image['name']}:{image['tag']}")


def _containers(values: Values, path: str) -> Iterator[Pulled]:
    for index, container in enumerate(at(values, path) or ()):
        yield _split(f"container {container.get('name')}", f"{path}[{index}].image", container["image"])


def _overrides(profile: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield profile.get("kubespawner_override") or _OFF
    for option in (profile.get("profile_options") or _OFF).values():
        for choice in (option.get("choices") or _OFF).values():
            yield choice.get("kubespawner_override") or _OFF


def _split(who: str, path: str, reference: str) -> Pulled:
    """Take a reference apart: a colon before the last slash is a port."""
    tagged, _, digest = reference.partition("@")
    folder, slash, last = tagged.rpartition("/")
    name, _, tag = last.partition(":")
    return Pulled(who=who, path=path, name=f"{folder}{slash}{name}", tag=tag, digest=digest)


def _always(_: Values) -> bool:
    return True


def _enabled(path: str) -> Callable[[Values], bool]:
    return lambda values: bool(at(values, f"{path}.enabled"))


def _puller(values: Values) -> bool:
    return any(bool(at(values, f"prePuller.{kind}.enabled")) for kind in ("hook", "continuous"))


def _blocks_metadata(values: Values) -> bool:
    return bool(at(values, "singleuser.cloudMetadata.blockWithIptables"))


def _certifies(values: Values) -> bool:
    https = at(values, "proxy.https")
    return bool(https.get("enabled") and https.get("hosts") and https.get("type") == "letsencrypt")


_OURS = "quay.io/jupyterhub"
PLACES = (
    Place("hub", "hub", f"{_OURS}/k8s-hub", _always),
    Place("proxy.chp", "proxy", f"{_OURS}/configurable-http-proxy", _always),
    Place("singleuser", "user servers", f"{_OURS}/k8s-singleuser-sample", _always),
    Place(
        "singleuser.networkTools",
        "user servers, before they start",
        f"{_OURS}/k8s-network-tools",
        _blocks_metadata,
    ),
    Place("proxy.traefik", "certificates of the proxy", "traefik", _certifies),
    Place("proxy.secretSync", "certificates of the proxy", f"{_OURS}/k8s-secret-sync", _certifies),
    Place(
        "scheduling.userScheduler",
        "user scheduler",
        "registry.k8s.io/kube-scheduler",
        _enabled("scheduling.userScheduler"),
    ),
    Place(
        "scheduling.userPlaceholder",
        "placeholders",
        "registry.k8s.io/pause",
        _enabled("scheduling.userPlaceholder"),
    ),
    Place("prePuller.hook", "upgrade", f"{_OURS}/k8s-image-awaiter", _enabled("prePuller.hook")),
    Place("prePuller.pause", "image puller", "registry.k8s.io/pause", _puller),
)
