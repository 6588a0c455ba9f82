"""What stands against taking an object over: another owner, or a field that nobody can change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ops.adopt.cluster import DATABASE_CLAIM, Object
from ops.adopt.plan import Wanted
from settings.finding import Finding
from settings.names import amount

RULE = "adopt"
_CHART = "jupyterhub"
_KEEP = "helm.sh/resource-policy"
_OWNER = ("meta.helm.sh/release-namespace", "meta.helm.sh/release-name")
# Writers of fields that make no deployment: people's tools, Helm and Pulumi, the cluster's own parts.
_HARMLESS = re.compile(r"kubectl|pulumi|helm$|before-first-apply|kube-|k3s|csi|rook|cert-manager|cloud-|node")
_DEPLOYERS = re.compile(r"argocd|flux|kustomize-controller|helm-controller|fleet|terraform|opentofu|ansible")

# By kind: paths of what the API server takes once. Where the program says nothing, nothing is compared.
_FIXED: Mapping[str, tuple[str, ...]] = {
    "PersistentVolumeClaim": ("spec.storageClassName", "spec.accessModes", "spec.volumeName"),
    "PersistentVolume": ("spec.nfs",),
    "ObjectBucketClaim": ("spec.storageClassName",),
    "RoleBinding": ("roleRef",),
    "Secret": ("type",),
}
_SIZE = "spec.resources.requests.storage"


@dataclass(frozen=True)
class Found:
    """An object that the stack wants to create, and that is there."""

    wanted: Wanted
    live: Object


def doubts(found: Sequence[Found]) -> list[Finding]:
    """Say all that stands against it, and what would come as a surprise."""
    releases = {one.wanted.id: one for one in found if one.wanted.is_release}
    told: list[Finding] = []
    for one in found:
        told += _of_release(one) if one.wanted.is_release else _of_object(one, releases)
    for release in releases.values():
        told += _of_database(release, found)
    return told


def _of_object(found: Found, releases: Mapping[str, Found]) -> Iterator[Finding]:
    metadata = found.live.get("metadata") or {}
    if metadata.get("deletionTimestamp"):
        yield _error(
            found,
            "it is being deleted.",
            "It would be gone while the stack believes to have it.",
            "Wait until it is gone, or find out what holds it (its finalizers, pods that use it).",
        )
    yield from _owned(found, releases)
    yield from _written_by_others(found)
    yield from _fixed(found)


def _owned(found: Found, releases: Mapping[str, Found]) -> Iterator[Finding]:
    notes = (found.live.get("metadata") or {}).get("annotations") or {}
    namespace, name = (notes.get(key) for key in _OWNER)
    if not name:
        return
    owner = f"{namespace}/{name}"
    if owner not in releases:
        yield _error(
            found,
            f"it belongs to the Helm release {owner}, which is not the stack's.",
            "Two owners would undo each other's changes, and an uninstall by one takes it from both.",
            f"Take that release over as well: namespace.name and hub.release must say {owner}.",
        )
    elif (found.wanted.metadata.get("annotations") or {}).get(_KEEP) != "keep":
        yield _error(
            found,
            f"the release {owner} made it, and deletes it once its chart no longer names it.",
            "The stack's next `pulumi up` would have Helm delete what the stack relies on.",
            "Give the stack's own another name (namespace.serviceAccounts, for a service account).",
        )


def _written_by_others(found: Found) -> Iterator[Finding]:
    entries = (found.live.get("metadata") or {}).get("managedFields") or []
    writers = {
        str(one.get("manager"))
        for one in entries
        if _DEPLOYERS.search(str(one.get("manager")))
        or (
            one.get("operation") == "Apply"
            and not one.get("subresource")
            and not _HARMLESS.match(str(one.get("manager")))
        )
    }
    if writers:
        yield _error(
            found,
            f"it is kept by {', '.join(sorted(writers))}.",
            "Each side would undo the other's changes, or the API server refuses ours as a conflict.",
            "Take it out of what that tool deploys, without deleting it, and remove its managed fields.",
        )


def _fixed(found: Found) -> Iterator[Finding]:
    for path in _FIXED.get(found.wanted.kind, ()):
        wanted, live = _at(found.wanted.inputs, path), _at(found.live, path)
        if wanted is not None and wanted != live:
            yield _error(
                found,
                f"{path} is {_text(live)}, the settings want {_text(wanted)}.",
                "It can never be changed, so the stack would want to replace it.",
                f"Write {_text(live)} into the settings; docs/keeping.md says how data moves.",
            )
    wanted, live = _at(found.wanted.inputs, _SIZE), _at(found.live, _SIZE)
    if wanted and live and amount(wanted) < amount(live):
        yield _error(
            found,
            f"it asks for {live}, the settings for {wanted}.",
            "Volumes never shrink: the API server would refuse every deployment.",
            f"Write {live} into the settings.",
        )


def _of_release(found: Found) -> Iterator[Finding]:
    chart = _at(found.live, "chart.metadata.name")
    status = str(_at(found.live, "info.status"))
    if chart != _CHART:
        yield _error(
            found,
            f"it is a release of the chart {chart}.",
            "Its objects are not those of a hub: an upgrade with our chart would delete them.",
            "Choose another hub.release.",
        )
    if status.startswith("pending"):
        yield _error(
            found,
            f"its last revision is {status}.",
            "Helm refuses every upgrade of it.",
            "Let the upgrade end, or roll it back (helm rollback), and try again.",
        )
    yield from _homes(found)


def _homes(found: Found) -> Iterator[Finding]:
    for path, usual in (("type", "dynamic"), ("dynamic.pvcNameTemplate", None), ("dynamic.subPath", None)):
        before = _at(found.live, f"config.singleuser.storage.{path}") or usual
        after = _at(found.wanted.inputs, f"values.singleuser.storage.{path}") or usual
        if before != after:
            yield _warning(
                found,
                f"singleuser.storage.{path} was {_text(before)}, and will be {_text(after)}.",
                "People whose claims the hub does not remember by its database get new, empty homes.",
                "Adopt the database as well; docs/adopting.md says how homes under other names are moved.",
            )


def _of_database(release: Found, found: Sequence[Found]) -> Iterator[Finding]:
    claim = release.live.get(DATABASE_CLAIM)
    named = {one.wanted.name for one in found if one.wanted.kind == "PersistentVolumeClaim"}
    if (
        not claim
        or DATABASE_CLAIM in named
        or (_at(claim, "metadata.annotations") or {}).get(_KEEP) == "keep"
    ):
        return
    yield _error(
        release,
        f"its database lies on the chart's own claim, {DATABASE_CLAIM}, which the settings do not name.",
        "Helm deletes that claim at the next upgrade: users, tokens and remembered homes are lost.",
        f"Say database: {{kind: sqlite, claim: {DATABASE_CLAIM}, ...}}; or keep it beside another database: "
        f"kubectl annotate pvc {DATABASE_CLAIM} {_KEEP}=keep.",
    )


def _at(value: object, path: str) -> Any:  # noqa: ANN401 -- whatever JSON has there
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _text(value: object) -> str:
    return "nothing" if value in (None, "") else str(value)


def _error(found: Found, what: str, follows: str, remedy: str) -> Finding:
    return Finding(path=str(found.wanted), rule=RULE, what=what, follows=follows, remedy=remedy)


def _warning(found: Found, what: str, follows: str, remedy: str) -> Finding:
    return Finding(
        path=str(found.wanted), rule=RULE, what=what, follows=follows, remedy=remedy, severity="warning"
    )
