"""What there is of one user in the cluster: pod, claim, profile, groups."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from ops.why import log
from ops.why.facts import Facts, Json, at, name_of
from ops.why.masking import masked
from ops.why.rules.hub import hub_is_up
from ops.why.rules.places import read
from ops.why.times import RECENT, ago, moment
from ops.why.troubles import pod_of
from settings import Settings
from settings.capabilities import EVERYONE, gives
from settings.profiles import Profile

_LINES = 6
# A page or an object that was asked for and is not there: ordinary traffic.
_ASKED = re.compile(r"4\d\d [A-Z]+ /")
_OWNER = "hub.jupyter.org/username"


def person(facts: Facts) -> Iterator[str]:
    """Tell what there is of the user who is asked about."""
    user = facts.user or ""
    name = pod_of(user, facts)
    pod = facts.named("pods", name)
    yield f"{user}:{_perhaps(user, facts)}"
    yield f"  pod       {_pod(name, pod, facts)}"
    claim = _claim(name, pod, facts)
    yield f"  claim     {claim}"
    if pod:
        yield f"  profile   {_profile(pod, facts)}"
    lines = _said(user, name, facts)
    yield f"  hub       {lines[0] if lines else 'says nothing of this user in the last half hour'}"
    yield from (f"            {line}" for line in lines[1:])


def _perhaps(user: str, facts: Facts) -> str:
    """Name those whom the cluster knows by a name that is nearly this one."""
    found = [*facts.all("pods"), *facts.all("persistentvolumeclaims")]
    known = {str((at(one, "metadata.annotations") or {}).get(_OWNER) or "") for one in found} - {""}
    near = [] if user in known else get_close_matches(user, sorted(known))
    return f" nobody has a pod or a claim by this name; {', '.join(near)} has" if near else ""


def _pod(name: str, pod: Json | None, facts: Facts) -> str:
    if not pod:
        said = next(facts.events_of_pod(name), None)
        last = f"; last said of it, {ago(said.when, facts.now)}: {masked(said.message)}" if said else ""
        return f"{name} is not there{last}"
    since = ago(moment(at(pod, "metadata.creationTimestamp")), facts.now)
    node = at(pod, "spec.nodeName")
    return f"{name}: {at(pod, 'status.phase')}{f' on {node}' if node else ''}, made {since}"


def _claim(name: str, pod: Json | None, facts: Facts) -> str:
    mounted = [
        str(at(one, "persistentVolumeClaim.claimName"))
        for one in at(pod, "spec.volumes") or ()
        if at(one, "persistentVolumeClaim.claimName")
    ]
    shared = facts.settings.storage.shared.claim if facts.settings.storage.shared else ""
    homes = [one for one in mounted if one != shared] or [name.replace("jupyter-", "claim-", 1)]
    found = facts.named("persistentvolumeclaims", homes[0])
    if not found:
        return f"{homes[0]} is not there; it is made at the first start"
    size = at(found, "status.capacity.storage") or at(found, "spec.resources.requests.storage")
    return (
        f"{name_of(found)}: {at(found, 'status.phase')}, {size}, class {at(found, 'spec.storageClassName')}"
    )


def _profile(pod: Json, facts: Facts) -> str:
    """Tell the profile by what the pod asks for: nothing in a pod names it."""
    asked = [at(one, "resources") or {} for one in at(pod, "spec.containers") or ()][:1]
    fitting = [one for one in facts.settings.profiles if one.enabled and asked and _fits(one, asked[0])]
    if not fitting:
        return "none of the settings' asks for what this pod does"
    return "; or ".join(f"{one.name}{_for_whom(one, facts.settings)}" for one in fitting)


def _for_whom(profile: Profile, settings: Settings) -> str:
    rows = {name: row for name, row in settings.capabilities.items() if gives(row.profiles, profile.slug)}
    return "" if EVERYONE in rows else f", for the groups {', '.join(rows) or 'of nobody'}"


def _fits(profile: Profile, asked: Json) -> bool:
    limits = asked.get("limits") or {}
    gpu = profile.gpu
    count = limits.get(gpu.resource) if gpu else None
    others = [key for key in limits if "gpu" in key]
    if (gpu and str(count) != str(gpu.count)) or (not gpu and others):
        return False
    return read(str(limits.get("memory", "0"))) == read(profile.memory.limit) and read(
        str(limits.get("cpu", "0"))
    ) == read(profile.cpu.limit)


def _said(user: str, pod: str, facts: Facts) -> list[str]:
    """Give the hub's warnings and errors that name the user."""
    found = [
        f"{ago(one.when, facts.now)}: {masked(one.words)[:240]}"
        for one in log.of_hub(facts, up=hub_is_up(facts))
        if (one.level in "WEC" or one.bad)
        and not _ASKED.match(one.words)
        and facts.since(one.when) < RECENT.total_seconds()
        and (pod in one.text or log.names(user, one.text))
    ]
    return found[-_LINES:]
