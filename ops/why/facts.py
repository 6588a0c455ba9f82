"""What was collected about a stack: the only thing that rules look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ops.why.cause import Ref, Shell
from ops.why.times import moment
from settings import Settings

Json = Mapping[str, Any]


def at(value: object, path: str) -> Any:  # noqa: ANN401 -- whatever JSON has there
    """Give what lies at a path of names, or None."""
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def name_of(one: Json) -> str:
    """Give an object's name."""
    return str(at(one, "metadata.name") or "")


def ref(one: Json, kind: str = "") -> Ref:
    """Name an object."""
    return Ref(kind or str(one.get("kind") or ""), name_of(one))


def condition(one: Json, kind: str) -> Json:
    """Give an object's condition of a kind; empty where it has none."""
    found = [each for each in at(one, "status.conditions") or () if each.get("type") == kind]
    return found[0] if found else {}


@dataclass(frozen=True)
class Event:
    """What a controller said about an object."""

    about: Ref
    reason: str
    message: str
    warning: bool
    when: datetime | None
    count: int

    @classmethod
    def of(cls, one: Json) -> Event:
        """Read one of either API: they keep time and count in different fields."""
        times = (
            at(one, "series.lastObservedTime"),
            one.get("lastTimestamp"),
            one.get("eventTime"),
            one.get("firstTimestamp"),
            at(one, "metadata.creationTimestamp"),
        )
        about = one.get("involvedObject") or one.get("regarding") or {}
        return cls(
            Ref(str(about.get("kind")), str(about.get("name"))),
            str(one.get("reason") or ""),
            str(one.get("message") or one.get("note") or ""),
            one.get("type") == "Warning",
            next((found for found in map(moment, times) if found), None),
            int(at(one, "series.count") or one.get("count") or 1),
        )


@dataclass(frozen=True)
class Log:
    """The last lines of a container."""

    pod: str
    container: str
    text: str
    previous: bool = False
    """Of the run before the present one."""


@dataclass(frozen=True)
class Revision:
    """A revision of the release, as Helm wrote it down."""

    number: int
    status: str
    words: str
    chart: str
    when: datetime | None
    secret: str


@dataclass(frozen=True)
class Lock:
    """A lock in the backend: somebody deploys, or was killed while doing so."""

    who: str
    pid: int
    when: datetime | None
    here: bool
    """Made on this machine."""
    alive: bool
    """Its process still runs; of another machine's nobody here can tell."""


@dataclass(frozen=True)
class State:
    """What the state's backend says of the stack."""

    wanted: str | None = None
    """The backend that the settings name."""
    used: str | None = None
    """The backend that pulumi would take."""
    there: bool | None = None
    """Whether that backend has the stack; None where it was not asked, as another than the wanted one."""
    pending: tuple[str, ...] = ()
    """What a run was doing when it ended: an operation and the name of a resource in each."""
    locks: tuple[Lock, ...] = ()


@dataclass(frozen=True)
class Unseen:
    """What could not be looked at, and why."""

    what: str
    why: str
    forbidden: bool = False


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that was seen at one time."""

    now: datetime
    shell: Shell
    settings: Settings
    objects: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    """By resource, such as pods; a resource that could not be looked at is not there."""
    events: Sequence[Event] = ()
    logs: Sequence[Log] = ()
    revisions: Sequence[Revision] = ()
    state: State = State()
    unseen: Sequence[Unseen] = ()
    user: str | None = None

    def all(self, resource: str) -> Sequence[Json]:
        """Give all objects of a resource."""
        return self.objects.get(resource, ())

    def knows(self, resource: str) -> bool:
        """Whether a resource was looked at."""
        return resource in self.objects

    def named(self, resource: str, name: str) -> Json | None:
        """Give an object by its name."""
        return next((one for one in self.all(resource) if name_of(one) == name), None)

    def events_of(self, about: Ref) -> Iterator[Event]:
        """Give what was said about an object, the newest first."""
        found = [one for one in self.events if one.about == about]
        yield from sorted(found, key=lambda one: one.when or self.now, reverse=True)

    def events_of_pod(self, name: str) -> Iterator[Event]:
        """Give what was said about a pod, there or gone, the newest first."""
        yield from self.events_of(Ref("Pod", name))

    def since(self, when: datetime | None) -> float:
        """Give the seconds since a time; none have passed since no time at all."""
        return (self.now - when).total_seconds() if when else 0.0

    @property
    def release(self) -> str:
        """The release's name."""
        return self.settings.hub.release
