"""What a change would do to people, in plain words: the reason to look twice, the gravest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ops.preview.reach import opened
from ops.preview.smaller import smaller
from ops.preview.steps import RELEASE, Step

_VOLUMES = ("PersistentVolumeClaim", "PersistentVolume", "ObjectBucketClaim")
_WAY_IN = ("Ingress", "HTTPRoute", "Service", "Certificate")
_RIGHTS = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "ServiceAccount")
_SECRETS = ("Secret", "ExternalSecret", "RandomPassword", "RandomBytes", "RandomId")
# The chart puts all values into a Secret of the hub, whose digest is in the hub's pod.
_OF_THE_HUB = re.compile(r"(values|chart|version)\b")
# What of the values is in the proxy's pod. Its policy, its Service and its budget are not.
_OF_THE_PROXY = re.compile(
    r"values\.(proxy\.(?!service\b|chp\.(networkPolicy|pdb)\b|traefik\b)|hub\.baseUrl\b|debug\b|imagePullSecrets?\b"
    r"|scheduling\.(corePods|podPriority)\b)|values(\.proxy)?$|chart|version$"
)
_WHO = re.compile(
    r"values\.(hub\.config\.(\w*(Authenticator|OAuth)\w*|JupyterHub\.(admin|authenticator|load_groups|load_roles))"
    r"|hub\.(loadRoles|services|redirectToServer)|custom\b)"
)
_DOOR = re.compile(r"values\.(ingress|httpRoute|proxy\.(service|https|traefik))\b")


@dataclass(frozen=True, kw_only=True)
class Risk:
    """One kind of consequence, and what brings it about."""

    name: str
    """For programs."""
    words: str
    """For people: what it means for them."""
    because: tuple[str, ...]


def risks(found: Sequence[Step]) -> list[Risk]:
    """Give every kind of consequence that the steps have, the gravest first."""
    judged = (
        Risk(name=name, words=words, because=tuple(line for step in found for line in judge(step)))
        for name, words, judge in _KINDS
    )
    return [one for one in judged if one.because]


def _ends_all(step: Step) -> Iterator[str]:
    if step.ends and (step.kind == "Namespace" or step.type == RELEASE):
        yield _told(step)


def _ends_data(step: Step) -> Iterator[str]:
    if step.ends and step.kind in _VOLUMES:
        yield f"{_told(step)}{'; the old one stays in the cluster' if step.kept else ''}"


def _restarts_proxy(step: Step) -> Iterator[str]:
    yield from _paths(step, _OF_THE_PROXY)


def _restarts_tunnel(step: Step) -> Iterator[str]:
    template = [one.path for one in step.fields if one.path.startswith(("spec.template", "spec.replicas"))]
    if step.kind == "Deployment" and (step.ends or template):
        yield f"{_told(step)}{': ' if template else ''}{', '.join(template)}"


def _opens(step: Step) -> Iterator[str]:
    yield from opened(step)


def _changes_who(step: Step) -> Iterator[str]:
    yield from _paths(step, _WHO)


def _changes_rights(step: Step) -> Iterator[str]:
    if step.kind in _RIGHTS:
        yield _told(step)


def _restarts_hub(step: Step) -> Iterator[str]:
    yield from _paths(step, _OF_THE_HUB)


def _changes_door(step: Step) -> Iterator[str]:
    if step.kind in _WAY_IN and step.what != "create":
        yield _told(step)
    yield from _paths(step, _DOOR)


def _changes_secrets(step: Step) -> Iterator[str]:
    if step.kind in _SECRETS and step.what != "create":
        yield _told(step)


def _paths(step: Step, wanted: re.Pattern[str]) -> Iterator[str]:
    if step.type == RELEASE and step.what == "update":
        yield from (one.path for one in step.fields if wanted.match(one.path))


def _told(step: Step) -> str:
    reasons = f" ({', '.join(step.because)})" if step.because else ""
    return f"{step.what} {step.title}{reasons}"


_KINDS: tuple[tuple[str, str, Callable[[Step], Iterator[str]]], ...] = (
    (
        "namespace-or-release",
        "Replaces or deletes the namespace or the release: the hub is gone until a new one runs, and with a "
        "namespace everything in it",
        _ends_all,
    ),
    ("volume", "Replaces or deletes a volume claim: what lies on it may be lost", _ends_data),
    (
        "proxy-restart",
        "Restarts the proxy: every open connection drops, notebooks reconnect, kernels go on",
        _restarts_proxy,
    ),
    (
        "tunnel-restart",
        "Restarts pods of a Deployment of the stack: connections through them drop",
        _restarts_tunnel,
    ),
    ("opens", "Opens a way in the network that was closed", _opens),
    ("who", "Changes who gets in, or who may do what in the hub", _changes_who),
    (
        "smaller-homes",
        "Gives people smaller homes: those that are there keep their size, and whoever is new gets less",
        smaller,
    ),
    ("rights", "Changes rights in the cluster", _changes_rights),
    ("door", "Changes the way in: address, certificate, or what stands in front of the proxy", _changes_door),
    ("secrets", "Changes secrets; their values are not shown", _changes_secrets),
    (
        "hub-restart",
        "Restarts the hub: nobody is signed out and servers go on; signing in and starting wait for a minute",
        _restarts_hub,
    ),
)
