"""Claims without a volume: no class, nobody who makes volumes, an access mode that a class cannot give."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Event, Facts, Json, at, name_of, ref
from ops.why.times import RECENT, STARTING, moment

_KIND = "PersistentVolumeClaim"
_BY_HAND = "kubernetes.io/no-provisioner"
_FOLLOWS = "Pods that mount it wait; nothing of it is lost."


def claims(facts: Facts) -> Iterator[Cause]:
    """Judge every claim."""
    for claim in facts.all("persistentvolumeclaims"):
        phase = at(claim, "status.phase")
        if phase == "Pending":
            yield from _pending(claim, facts)
        elif phase == "Lost":
            yield _cause(
                claim,
                facts,
                rule="volume-lost",
                what=f"its volume {at(claim, 'spec.volumeName')} is gone.",
                follows="What was on it can be had from a backup only; pods that mount the claim wait.",
                advice="Restore it: docs/keeping.md.",
            )
        else:
            yield from _growing(claim, facts)


def _pending(claim: Json, facts: Facts) -> Iterator[Cause]:
    said = list(facts.events_of(ref(claim, _KIND)))
    wanted = at(claim, "spec.storageClassName")
    known = facts.named("storageclasses", wanted) if wanted else None
    failed = next(
        (one for one in said if one.warning and one.reason in ("ProvisioningFailed", "FailedBinding")), None
    )
    if wanted and not at(claim, "spec.volumeName") and facts.knows("storageclasses") and not known:
        yield _class_missing(claim, facts, failed)
    elif not wanted and not at(claim, "spec.volumeName"):
        yield _classless(claim, facts, failed)
    elif failed and facts.since(failed.when) < RECENT.total_seconds():
        yield _refused(claim, facts, failed)
    elif known and known.get("provisioner") != _BY_HAND:
        yield from _unanswered(claim, facts, said, known)
    elif at(claim, "spec.volumeName") or (known and _awaited(claim, facts)):
        yield _no_volume(claim, facts)


def _class_missing(claim: Json, facts: Facts, failed: Event | None) -> Cause:
    there = ", ".join(sorted(name_of(one) for one in facts.all("storageclasses"))) or "none"
    return _cause(
        claim,
        facts,
        rule="class-missing",
        what=f"the cluster has no StorageClass {at(claim, 'spec.storageClassName')}.",
        says=failed.message if failed else "",
        advice=f"Name one that it has ({there}) in storage or database of {facts.shell.file}, or let the "
        "cluster's owner make it. The class of a claim never changes: one that has no volume yet, delete.",
        commands=_again(claim, facts),
    )


def _classless(claim: Json, facts: Facts, failed: Event | None) -> Cause:
    return _cause(
        claim,
        facts,
        rule="class-unnamed",
        what="it names no StorageClass, and the cluster has none by default.",
        says=failed.message if failed else "",
        advice=f"Name one in {facts.shell.file}, and delete the claim, which has no volume yet.",
        commands=(facts.shell.cluster("get", "storageclass"),),
    )


def _refused(claim: Json, facts: Facts, failed: Event) -> Cause:
    mode = re.search(r"access mode|only supports ReadWrite|AccessMode|MULTI_NODE", failed.message)
    modes = ", ".join(at(claim, "spec.accessModes") or ())
    return _cause(
        claim,
        facts,
        rule="access-mode" if mode else "not-provisioned",
        what=f"its class {at(claim, 'spec.storageClassName')} gives no volume of {modes}."
        if mode
        else f"its class {at(claim, 'spec.storageClassName')} could not make its volume.",
        says=failed.message,
        when=failed.when,
        advice=f"Take a class for many nodes (CephFS, NFS), or say accessMode: ReadWriteOnce in "
        f"{facts.shell.file}; the claim has no volume yet and may be deleted."
        if mode
        else "The class's driver says why: its pods' logs have more. A quota or a full store is usual.",
        commands=_again(claim, facts) if mode else (facts.shell.describe(ref(claim, _KIND)),),
    )


def _unanswered(claim: Json, facts: Facts, said: list[Event], known: Json) -> Iterator[Cause]:
    """Tell of a class whose driver is silent: that it was asked, nothing says but the class's controller."""
    asked = next((one for one in said if one.reason == "ExternalProvisioning"), None)
    created = moment(at(claim, "metadata.creationTimestamp"))
    at_work = next((one for one in said if one.reason == "Provisioning"), None)
    if not asked or at_work or facts.since(created) < STARTING.total_seconds():
        return
    yield _cause(
        claim,
        facts,
        rule="no-provisioner",
        what=f"nobody makes volumes of its class: {known.get('provisioner')} does not answer.",
        says=asked.message,
        when=asked.when,
        advice="See whether the driver of that name runs, and what it says: it is the cluster's owner's.",
        commands=(facts.shell.cluster("get", "pods", "-A"), facts.shell.cluster("get", "csidrivers")),
    )


def _no_volume(claim: Json, facts: Facts) -> Cause:
    wanted = at(claim, "spec.volumeName")
    return _cause(
        claim,
        facts,
        rule="volume-missing",
        what=f"the volume {wanted} that it names is not there, or another claim has it."
        if wanted
        else "no volume made by hand fits it.",
        advice="Make one (class, size and access mode of the claim), or free the one that it names.",
        commands=(facts.shell.cluster("get", "pv"), facts.shell.describe(ref(claim, _KIND))),
    )


def _awaited(claim: Json, facts: Facts) -> bool:
    return any(
        at(volume, "persistentVolumeClaim.claimName") == name_of(claim)
        for pod in facts.all("pods")
        for volume in at(pod, "spec.volumes") or ()
    )


def _growing(claim: Json, facts: Facts) -> Iterator[Cause]:
    failed = next(
        (one for one in facts.events_of(ref(claim, _KIND)) if one.warning and "Resize" in one.reason), None
    )
    wanted, there = at(claim, "spec.resources.requests.storage"), at(claim, "status.capacity.storage")
    if failed and wanted != there and facts.since(failed.when) < RECENT.total_seconds():
        yield _cause(
            claim,
            facts,
            rule="not-grown",
            what=f"it shall grow from {there} to {wanted}, and does not.",
            says=failed.message,
            when=failed.when,
            follows="Pods go on with the old size.",
            advice="The class must allow it (allowVolumeExpansion), and its driver have room.",
            commands=(facts.shell.describe(ref(claim, _KIND)),),
        )


def _again(claim: Json, facts: Facts) -> tuple[str, ...]:
    """Make a claim anew that has no volume: pulumi looks first, since it does not know that it is gone."""
    return (
        facts.shell.kubectl("delete", "pvc", name_of(claim)),
        facts.shell.pulumi("up", "--refresh"),
    )


def _cause(claim: Json, facts: Facts, **words: object) -> Cause:
    of_user = "hub.jupyter.org/username" in (at(claim, "metadata.annotations") or {})
    given: dict[str, object] = {
        "follows": _FOLLOWS,
        "when": moment(at(claim, "metadata.creationTimestamp")),
        **words,
    }
    return Cause(
        about=Ref(_KIND, name_of(claim)),
        weight=Weight.USER if of_user else Weight.CORE,
        **given,  # type: ignore[arg-type]
    )
