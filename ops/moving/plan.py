"""What is to happen to each user of the map, found by looking and changing nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ops.kubectl import Json
from ops.moving.cluster import Cluster
from ops.moving.homes import ORIGIN, SERVER, USER, Home, Place, annotation, note, of_user, place, size
from ops.moving.hub import Hub
from ops.moving.map_file import MACHINES, Row
from ops.moving.steps import Seen, Stays, Step, next_step


@dataclass(frozen=True)
class Side:
    """One hub with its namespace."""

    namespace: str
    hub: Hub
    claims: list[Json]
    """All of the namespace."""

    def claim(self, name: str) -> Json | None:
        """Give a claim by its name."""
        return next((claim for claim in self.claims if claim["metadata"]["name"] == name), None)


@dataclass
class Person:
    """One user of the map."""

    row: Row
    homes: list[tuple[Home, Step]] = field(default_factory=list)
    """Each with its next step."""
    obstacles: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    account: Json | None = None

    @property
    def moved(self) -> bool:
        """Tell whether all homes have moved."""
        return all(step is Step.DONE for _, step in self.homes)

    @property
    def begun(self) -> bool:
        """Tell whether a run has begun with it and not finished."""
        return any(step not in (Step.KEEP, Step.DONE) for _, step in self.homes)

    @property
    def status(self) -> str:
        """Say in a word how it stands."""
        if not self.row.new:
            return "left"
        if self.obstacles:
            return "stays"
        return "moved" if self.moved and self.account is None else "ready"


@dataclass
class Plan:
    """What is to happen."""

    people: list[Person]
    unmapped: list[str]
    """Whom the hub knows and the map does not."""
    acts: bool
    """Whether the old hub stops servers and removes accounts for us."""


def wanted(rows: Iterable[Row], source: list[Json], target: list[Json], hub: Hub) -> set[tuple[str, str]]:
    """Give the homes whose names the target's hub is to be asked for: new user, and server."""
    found: set[tuple[str, str]] = set()
    for row in rows:
        if row.new:
            servers = {"", *of_user(source, row.old, hub.remembered(row.old))}
            servers |= {_server(claim) for claim in target if note(claim, ORIGIN).get("user") == row.old}
            found |= {(row.new, server) for server in servers}
    return found


def people(rows: Iterable[Row], source: Side, target: Side, cluster: Cluster) -> list[Person]:
    """Look at everybody in the map."""
    found = [_person(row, source, target) for row in rows]
    pods = cluster.pods(source.namespace)
    volumes = cluster.volumes(home.volume for person in found for home, _ in person.homes)
    for person in found:
        homes, person.homes = person.homes, []
        for home, _ in homes:
            old, new = source.claim(home.source.name), target.claim(home.target.name)
            _look(person, home, Seen(old, new, volumes.get(home.volume), pods))
    return found


def absent(rows: Iterable[Row], side: Side) -> list[str]:
    """Name those whom the hub knows and the map does not."""
    known = {row.old for row in rows} | {row.new for row in rows}
    return sorted(set(side.hub.users) - known - MACHINES)


def _person(row: Row, source: Side, target: Side) -> Person:
    found = Person(row, account=source.hub.users.get(row.old), running=source.hub.running(row.old))
    if not row.new:
        return found
    present = list(_present(row, source, target, found))
    # Where a move was begun, what it was begun with counts.
    homes = {home.source: home for home in [*present, *_moved(row, source, target, found)]}
    found.homes = [(home, Step.KEEP) for home in homes.values()]
    if found.running:
        found.obstacles.append(
            f"its server runs ({', '.join(found.running)}). Let its owner stop it, or say --stop-servers."
        )
    if not homes and not found.account and not found.obstacles:
        found.obstacles.append(
            f"no account and no home of {row.old} is there. Correct the name; or an earlier run has removed "
            "the account, which had no home."
        )
    return found


def _look(found: Person, home: Home, seen: Seen) -> None:
    try:
        step = next_step(home, seen)
    except Stays as stays:
        found.obstacles.append(f"{home.source}: {stays}")
        step = Step.KEEP
    if step is Step.DONE and seen.old:
        found.obstacles.append(
            f"{home.source}: its home has moved, and since then {home.user} has begun a new one. Copy what "
            "is worth it, delete that claim, and run this again: until then the account stays."
        )
    found.homes.append((home, step))


def _moved(row: Row, source: Side, target: Side, found: Person) -> Iterator[Home]:
    """Give the homes that an earlier run has moved, or has begun to."""
    for claim in target.claims:
        origin = note(claim, ORIGIN)
        if origin.get("user") != row.old or origin.get("namespace") != source.namespace:
            continue
        if (owner := annotation(claim, USER)) != row.new:
            found.obstacles.append(
                f"its home has moved to {owner} before ({place(claim)}). Correct the map, or undo that move "
                "by its report."
            )
            continue
        yield Home(
            row.old,
            row.new,
            _server(claim),
            Place(origin["namespace"], origin["name"]),
            place(claim),
            origin["volume"],
            size(claim),
            claim["metadata"].get("labels") or {},
            claim["metadata"].get("annotations") or {},
        )


def _present(row: Row, source: Side, target: Side, found: Person) -> Iterator[Home]:
    """Give the homes that are there under the old name; what stands in the way is noted."""
    for server, claims in of_user(source.claims, row.old, source.hub.remembered(row.old)).items():
        if len(claims) > 1:
            names = ", ".join(claim["metadata"]["name"] for claim in claims)
            found.obstacles.append(
                f"several claims are a home of {row.old}: {names}. Give all but the right one another "
                "annotation than hub.jupyter.org/username, or delete them."
            )
            continue
        claim, told = claims[0], target.hub.homes[(row.new, server)]
        volume = claim["spec"].get("volumeName")
        if not volume:
            found.obstacles.append(
                f"{place(claim)} has no volume yet, so there is nothing in it. Delete the claim: "
                f"kubectl -n {source.namespace} delete pvc {claim['metadata']['name']}"
            )
            continue
        found.obstacles.extend(_elsewhere(row, server, told["claim"], target))
        if not told["claim"]:
            continue
        yield Home(
            row.old,
            row.new,
            server,
            place(claim),
            Place(target.namespace, told["claim"]),
            volume,
            size(claim),
            told["labels"],
            told["annotations"],
        )


def _elsewhere(row: Row, server: str, name: str, target: Side) -> Iterator[str]:
    """Say what the hub would mount for the new name instead."""
    if not name:
        yield (
            "the hub puts a number into the names of homes that it gives at the first sign-in (`{userid}` in "
            f"the template), so nobody knows what the home of {row.new} will be called. Deploy another "
            "template first: docs/moving-users.md."
        )
    other = target.hub.remembered(row.new).get(server)
    if other and other != name:
        yield (
            f"the hub remembers {other} as the home of {row.new}. Remove that account on the hub's page for "
            "administrators (its home stays), and run this again."
        )
    if running := target.hub.running(row.new):
        yield f"a server of {row.new} runs ({', '.join(running)}). Stop it, and run this again."


def _server(claim: Json) -> str:
    return annotation(claim, SERVER)
