"""What keeps a server from starting, in words for whoever waits for it.

Runs in the hub. The scheduler, the kubelet and the API server say why in words for administrators; here each
becomes one sentence, and how long it may last before the start is given up. Nothing here asks anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]

SMALLER = "Choose a smaller option, or try later."
LATER = "Try again in some minutes."
NOT_YOURS = "You cannot change this; whoever runs the hub can."

BRIEF, USUAL, LONG = 20.0, 60.0, 90.0
"""Seconds that a trouble may last: what hardly passes, what an ending server may solve, what is made."""


@dataclass(frozen=True)
class Trouble:
    """One reason: `word` is for programs and for telling whether it is still the same one."""

    word: str
    sentence: str
    patience: float = USUAL
    says: str = ""
    """The words of the cluster, for whoever helps."""

    @property
    def for_room(self) -> bool:
        """Whether a further node would solve it."""
        return self.word.startswith("room")


def thing(resource: str, count: float = 1) -> str:
    """Call a resource what people call it."""
    if resource.startswith("nvidia.com/mig-"):
        return f"GPU slice{_s(count)} of size {resource.removeprefix('nvidia.com/mig-')}"
    if resource.endswith(".shared"):
        return f"share{_s(count)} of a GPU"
    if resource.rpartition("/")[2] == "gpu":
        return f"GPU{_s(count)}"
    return {"cpu": "processor", "memory": "memory", "ephemeral-storage": "local disk"}.get(resource, resource)


def _s(count: float) -> str:
    return "" if count == 1 else "s"


# One clause of the scheduler's sentence each, the one that says most of the user's choice first.
_CLAUSES: tuple[tuple[str, str, str, float], ...] = (
    ("room-lacking", r"Insufficient (\S*[a-z0-9])", "", USUAL),
    (
        "room-pods",
        r"Too many pods",
        f"The machines of this hub hold as many servers as they can. {LATER}",
        USUAL,
    ),
    (
        "home-elsewhere",
        r"volume node affinity conflict|didn't match PersistentVolume's node affinity"
        r"|no available volume zone",
        "Your home lies on a machine, or in a zone, where this option cannot run. Choose another option.",
        USUAL,
    ),
    (
        "home-unbound",
        r"unbound immediate PersistentVolumeClaims|persistent ?volumes? to bind|free storage|binding volumes"
        r"|bound to non-existent",
        f"The disk for your home, or one that is mounted beside it, is not there yet. {LATER}",
        LONG,
    ),
    (
        "home-missing",
        r'(persistentvolumeclaim|storageclass[.\w]*) "([^"]+)" (?:not found|is being deleted)',
        f"A disk that the server mounts is not there. {NOT_YOURS}",
        LONG,
    ),
    (
        "home-many",
        r"max volume count",
        f"No machine can take one more disk at the moment. {LATER}",
        USUAL,
    ),
    (
        "nodes-closed",
        r"were unschedulable|cordoned",
        f"The machines for this option are being worked on and take no new servers. {LATER}",
        USUAL,
    ),
    (
        "nodes-ill",
        r"untolerated taint\(?s?\)? ?\{?node\.(?:kubernetes|cloudprovider)\.(?:kubernetes\.)?io/",
        f"The machines for this option are not well at the moment. {LATER}",
        USUAL,
    ),
    (
        "room-kept",
        r"untolerated taint|that the pod didn't tolerate",
        f"The machines that could run this option are kept for others. {NOT_YOURS}",
        USUAL,
    ),
    (
        "room-labels",
        r"node affinity/selector|node selector",
        f"No machine of the kind that this option asks for is there. {NOT_YOURS}",
        USUAL,
    ),
    (
        "room-apart",
        r"anti-affinity|topology spread",
        f"This option must not share a machine with others like it, and there is no further one. {LATER}",
        USUAL,
    ),
    (
        "nodes-none",
        r"no nodes available",
        f"No machine is there that could run a server. {NOT_YOURS}",
        USUAL,
    ),
)


def of_scheduler(message: str, asked: Mapping[str, str] | None = None, known: str = "") -> Trouble:
    """Read why the scheduler finds no place; `asked` is what the pod asks for, `known` what is in use now."""
    # What preemption would bring is said after it, in the same words, and is another question.
    said = message.partition("preemption:")[0].replace("no new claims to deallocate,", "").strip()
    found = [
        (word, match, sentence, patience)
        for word, pattern, sentence, patience in _CLAUSES
        if (match := re.search(pattern, said))
    ]
    if not found:
        return Trouble("unschedulable", f"The cluster finds no place for your server. {LATER}", USUAL, said)
    word, _, sentence, patience = found[0]
    if word == "room-lacking":
        lacking = re.findall(r"Insufficient (\S*[a-z0-9])", said)
        at_home = any(other[0] == "home-elsewhere" for other in found)
        sentence = _lacking(_most_telling(lacking), asked or {}, known, at_home=at_home)
    return Trouble(word, sentence, patience, said)


def _most_telling(lacking: list[str]) -> str:
    """Of several things that lack, tell the rarest: a GPU before memory before processors."""
    plain = ("pods", "ephemeral-storage", "cpu", "memory")
    return max(lacking, key=lambda one: plain.index(one) if one in plain else len(plain))


def _lacking(resource: str, asked: Mapping[str, str], known: str, *, at_home: bool) -> str:
    where = "The machine where your home lies has" if at_home else "No machine has"
    if "/" not in resource:
        much = f" ({_amount(resource, asked[resource])})" if resource in asked else ""
        little = "not" if at_home else ""
        wanted = "enough processors" if resource == "cpu" else f"enough {thing(resource)}"
        return " ".join(f"{where} {little} {wanted} free for this option{much}. {SMALLER}".split())
    if known:
        return f"{known} {SMALLER}"
    count = int(asked.get(resource, "1"))
    if at_home:
        return f"The machine where your home lies has no free {thing(resource)}. {SMALLER}"
    if count == 1:
        return f"No {thing(resource)} is free. {SMALLER}"
    return f"No machine has {count} free {thing(resource, count)}. {SMALLER}"


def _amount(resource: str, quantity: str) -> str:
    """Write an amount as people read it: pods have memory in bytes, and processors as a fraction."""
    if resource == "memory" and quantity.isdigit():
        return f"{int(quantity) / 1024**3:.3g} GiB"
    return f"{float(quantity):.3g}" if re.fullmatch(r"[0-9.]+", quantity) else quantity


# What the API server refuses at once, by its words.
_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (
        "limit-range",
        r"(?:maximum|minimum) \S+ usage per|max limit to request ratio",
        f"A single server has a bound in this hub, and this option is beyond it. {NOT_YOURS}",
    ),
    (
        "pod-security",
        r"violates PodSecurity|violates Pod Security|unable to validate against any pod security",
        f"The rules of the cluster do not let such a server run. {NOT_YOURS}",
    ),
    (
        "priority",
        r"no PriorityClass with name",
        f"The cluster does not know the priority that this option has. {NOT_YOURS}",
    ),
    (
        "account",
        r"error looking up service account|serviceaccount \"[^\"]+\" not found",
        f"The account that servers run as is not there. {NOT_YOURS}",
    ),
    (
        "leaving",
        r"is being terminated",
        f"The place where servers run is being removed. {NOT_YOURS}",
    ),
    (
        "webhook",
        r"admission webhook|denied the request|ValidatingAdmissionPolicy",
        f"A rule of the cluster refuses such a server. {NOT_YOURS}",
    ),
)


def of_refusal(message: str) -> Trouble | None:
    """Read why the API server does not take a pod or a claim; nothing where it is the hub's own fault."""
    if "exceeded quota" in message:
        return _quota(message)
    for word, pattern, sentence in _REFUSALS:
        if re.search(pattern, message):
            return Trouble(word, sentence, 0, message)
    return None


def _quota(message: str) -> Trouble:
    """Say of a used up quota what it counts, how much is in use, and how much there is in all."""
    asked, used, limited = (_pairs(message, part) for part in ("requested", "used", "limited"))
    told = [
        f"{_counted(name)}: this needs {asked[name]}, and {used.get(name, 'some')} of {most} are in use"
        for name, most in limited.items()
        if name in asked
    ]
    what = "your home" if message.startswith("persistentvolumeclaims") else "one more server of this option"
    figures = f" ({'; '.join(told)})" if told else ""
    advice = NOT_YOURS if what == "your home" else SMALLER
    return Trouble("quota", f"The hub's quota has no room for {what}{figures}. {advice}", 0, message)


def _pairs(message: str, part: str) -> dict[str, str]:
    found = re.search(rf"{part}: ([^ ]+?)(?:, |$|\"|\n)(?=used:|limited:|$|\"|\n|requested:)", message)
    pairs = found[1].split(",") if found else []
    return {name: amount for name, _, amount in (pair.partition("=") for pair in pairs) if amount}


def _counted(name: str) -> str:
    kind, _, resource = name.partition(".") if name.startswith(("requests.", "limits.")) else ("", "", name)
    called = {"cpu": "processors", "pods": "servers", "persistentvolumeclaims": "homes"}.get(resource)
    called = called or (thing(resource, 2) if "/" in resource else thing(resource))
    return f"{called} at most" if kind == "limits" else called


# Why a container waits, by the kubelet's word for it.
_WAITING: Mapping[str, tuple[str, str, float]] = {
    "InvalidImageName": ("image", f"The name of the image is not one. {NOT_YOURS}", 0),
    "ErrImageNeverPull": ("image", f"The image is not on the machine, and may not be pulled. {NOT_YOURS}", 0),
    "ErrImagePull": ("image", "", USUAL),
    "ImagePullBackOff": ("image", "", USUAL),
    "RegistryUnavailable": ("image", "", USUAL),
    "CreateContainerConfigError": ("config", "", BRIEF),
    "CreateContainerError": ("container", f"The container cannot be made. {NOT_YOURS}", BRIEF),
    "RunContainerError": ("container", f"The container cannot be started. {NOT_YOURS}", BRIEF),
}
_CRASHES = 2


def of_containers(pod: Json) -> Trouble | None:
    """Read why the containers of a pod that has its place do not run."""
    return next((one for status in _statuses(pod) if (one := _of_container(status))), None)


def _statuses(pod: Json) -> Iterator[Json]:
    for kind in ("initContainerStatuses", "containerStatuses"):
        yield from pod.get("status", {}).get(kind) or ()


def _of_container(status: Json) -> Trouble | None:
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, says = str(waiting.get("reason") or ""), str(waiting.get("message") or "")
    if (status.get("restartCount") or 0) >= _CRASHES and not status.get("ready"):
        return Trouble("crash", _crashed(status), 0, says)
    if reason not in _WAITING:
        return None
    word, sentence, patience = _WAITING[reason]
    if word == "config":
        sentence = _unconfigured(says)
    return Trouble(word, sentence or _not_pulled(str(status.get("image") or ""), says), patience, says)


def _crashed(status: Json) -> str:
    last = (status.get("lastState") or {}).get("terminated") or {}
    if last.get("reason") == "OOMKilled":
        return "The server needs more memory than this option has, and is ended. Choose a larger option."
    how = f" (exit code {last['exitCode']})" if "exitCode" in last else ""
    return f"The server ends by itself each time it starts{how}. {NOT_YOURS}"


def _not_pulled(image: str, says: str) -> str:
    named = f"The image {image}" if image else "The image of this option"
    if re.search(r"(?i)not found|manifest unknown|does not exist|no such host", says):
        return f"{named} is not there. Choose another option."
    if re.search(r"(?i)unauthorized|denied|forbidden|authentication|401|403", says):
        return f"{named} may not be pulled: the registry refuses. Choose another option."
    return f"{named} cannot be pulled from its registry. {LATER}"


def _unconfigured(says: str) -> str:
    if match := re.search(r'(secret|configmap) "([^"]+)" not found', says):
        return f"The {match[1]} {match[2]}, which servers need, is not there. {NOT_YOURS}"
    if match := re.search(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", says):
        return f"The {match[2]} {match[3]} lacks {match[1]}, which servers need. {NOT_YOURS}"
    return f"Something that servers need is not there. {NOT_YOURS}"


def of_pod(pod: Json, known: str = "") -> Trouble | None:
    """Read what keeps a pod from running, or nothing as long as it is on its way."""
    for condition in pod.get("status", {}).get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return of_scheduler(str(condition.get("message") or ""), asked_by(pod), known)
    return of_containers(pod)


def asked_by(pod: Json) -> dict[str, str]:
    """Give what the containers of a pod ask for; of one resource several containers' are not added."""
    containers = pod.get("spec", {}).get("containers") or ()
    return {
        name: str(quantity)
        for one in containers
        for name, quantity in ((one.get("resources") or {}).get("requests") or {}).items()
    }


# Events of a pod that has its place and its images, and still does not run.
_EVENTS: tuple[tuple[str, str], ...] = (
    (r'(?:secret|configmap) "[^"]+" not found', "Something that the server mounts is not there."),
    (r"FailedMount|FailedAttachVolume|MountVolume|AttachVolume", "A disk of the server cannot be mounted."),
    (r"FailedCreatePodSandBox", "The machine cannot set up the network of the server."),
    (r"Pulling", "The image is still being copied to the machine; the next start goes faster."),
)


def of_time(seconds: float, events: Sequence[Json]) -> Trouble:
    """Say why nothing came of it in the time that a start has."""
    told = [f"{one.get('reason')}: {one.get('message')}" for one in events]
    last = next((line for line in reversed(told) if _event(line)), told[-1] if told else "")
    sentence = f"Your server did not start within {seconds / 60:.0f} minutes. {_event(last)}".strip()
    return Trouble("time", f"{sentence} {LATER}", 0, last)


def _event(line: str) -> str:
    return next((sentence for pattern, sentence in _EVENTS if re.search(pattern, line)), "")
