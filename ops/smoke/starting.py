"""Starts the user's server with a profile, tells how it goes, and why it does not."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ops.smoke.hub import Hub, Json, said
from ops.smoke.outcome import Failed
from ops.smoke.way import lines
from settings.smoke import USER

_ACCEPTED = (201, 202)
_SECONDS_BETWEEN = 1.0
_FOLLOWS = "People who ask for this profile get no server."
# The message in an answer of the API server, as JSON has it.
_API = re.compile(r'"kind":"Status".*?"message":"((?:[^"\\]|\\.)*)"')
_STAMP = re.compile(r"^\S+ \[(Normal|Warning)\] ")


@dataclass(frozen=True)
class Hint:
    """What the cluster says of a pod that does not start, in plain words, and what to do."""

    pattern: str
    what: str
    remedy: str


# The first that fits counts, so what tells more stands first.
HINTS = (
    Hint(
        r"exceeded quota",
        "a ResourceQuota of the namespace has no room for it",
        "kubectl -n {namespace} describe resourcequota",
    ),
    Hint(
        r"violates PodSecurity",
        "the namespace's Pod Security level refuses such a pod",
        "kubectl get namespace {namespace} --show-labels",
    ),
    Hint(
        r"no PriorityClass with name",
        "its priority class is not in the cluster",
        "kubectl get priorityclasses; then gpu.priority and placement.priority in the settings",
    ),
    Hint(
        r"ErrImage|ImagePull|Failed to pull|pull access denied",
        "the notebook image cannot be pulled",
        "kubectl -n {namespace} get events --field-selector reason=Failed; then images in the settings",
    ),
    Hint(
        r"unbound immediate PersistentVolumeClaims|ProvisioningFailed|FailedMount|FailedAttachVolume"
        r"|persistentvolumeclaim .* not found|MountVolume",
        "its volume does not come",
        "kubectl -n {namespace} describe pvc; kubectl get storageclass",
    ),
    Hint(
        r"Insufficient (\S+)",
        "no node has room for it",
        "kubectl describe nodes | grep -A8 'Allocated resources'; or a smaller profile by --profile",
    ),
    Hint(
        r"untolerated taint|didn't match Pod's node affinity",
        "no node takes such a pod",
        "kubectl get nodes --show-labels; then placement in the settings",
    ),
    Hint(
        r"(?i)back-off restarting|CrashLoopBackOff|exited",
        "the notebook's container ends by itself",
        "kubectl -n {namespace} logs -l component=singleuser-server --tail=50",
    ),
)


@dataclass
class Story:
    """What was told while the server started."""

    told: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ready: bool = False
    over: bool = False

    def hear(self, event: Json) -> str:
        """Take an event in, and give it without its time."""
        message = str(event.get("message", ""))
        words = plain(_STAMP.sub("", message))
        self.told.append(words)
        if "[Warning]" in message or event.get("failed"):
            reason = str((event.get("raw_event") or {}).get("reason") or "")
            self.warnings.append(f"{reason}: {words}" if reason else words)
        self.ready = self.ready or bool(event.get("ready"))
        self.over = self.ready or bool(event.get("failed"))
        return words


@dataclass(frozen=True)
class Starter:
    """Who starts servers, how long they may take, and who is told meanwhile."""

    hub: Hub
    namespace: str
    seconds: float
    tell: Callable[[str], None]

    def start(self, profile: str) -> float:
        """Start the server and wait until it is ready; give how long that took."""
        begun = time.monotonic()
        answer = self.hub.ask("POST", f"/users/{USER}/server", {"profile": profile})
        if answer.status not in _ACCEPTED:
            raise self._failed(profile, [said(answer)])
        story = Story()
        end = begun + self.seconds
        while not story.ready:
            for event in self._events(end):
                self.tell(story.hear(event))
            if not story.over and (time.monotonic() > end or not self.hub.running()):
                story.warnings.append(f"not ready after {time.monotonic() - begun:.0f} s")
                story.over = True
            if story.over and not story.ready:
                raise self._failed(profile, story.warnings)
            time.sleep(0 if story.ready else _SECONDS_BETWEEN)
        return time.monotonic() - begun

    def _events(self, end: float) -> Iterator[Json]:
        """Give what the hub tells; it may break off at any time, and the next call goes on."""
        path = f"/hub/api/users/{USER}/server/progress"
        with self.hub.way.asked("GET", path, self.hub.headers) as answer:
            for line in lines(answer):
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))
                if time.monotonic() > end:
                    return

    def _failed(self, profile: str, warnings: list[str]) -> Failed:
        last = list(dict.fromkeys(warnings))[-3:]
        hint = hint_for(" ".join(warnings))
        what = f"{hint.what}: " if hint else ""
        remedy = hint.remedy.format(namespace=self.namespace) if hint else "`ops why` tells more."
        return Failed(f"no server with the profile {profile}: {what}{'; '.join(last)}", _FOLLOWS, remedy)


def plain(message: str) -> str:
    """Write on one line; of an answer of the API server, which comes with all its headers, the message."""
    if found := _API.search(message):
        return str(json.loads(f'"{found[1]}"'))
    return " ".join(message.split())


def hint_for(text: str) -> Hint | None:
    """Find plain words for what the cluster said."""
    return next((hint for hint in HINTS if re.search(hint.pattern, text)), None)
