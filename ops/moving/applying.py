"""Does what the plan says, one home after another; what is in the way of one stops no other."""

from __future__ import annotations

from collections.abc import Callable

from ops.kubectl import Kubectl, NoAnswer
from ops.moving import hub
from ops.moving.cluster import Cluster
from ops.moving.homes import Home
from ops.moving.plan import Person, Plan
from ops.moving.steps import Seen, Stays, Step, next_step

Tell = Callable[[str], None]
# Each step once, and some again after somebody else's change.
_MOST = 20
_STILL = "the home has moved, and the old account is still there"
_DOES_NOT_ACT = (
    "this hub does nothing for an operator, since nothing of it would be on record (monitoring.audit). "
    "Do it on the hub's page for administrators."
)


def move(person: Person, cluster: Cluster, tell: Tell) -> None:
    """Move the homes of one user; what is in the way is noted, and the next run goes on from there."""
    for number, (home, _) in enumerate(person.homes):
        try:
            _one(home, cluster, tell)
            person.homes[number] = (home, Step.DONE)
        except (Stays, NoAnswer) as why:
            person.obstacles.append(f"{home.source}: {why}")
            tell(f"{home.user}: {home.source} stays for now: {why}")


def _one(home: Home, cluster: Cluster, tell: Tell) -> None:
    act: dict[Step, Callable[[Home, Seen], None]] = {
        Step.KEEP: cluster.keep,
        Step.CLAIM: cluster.make,
        Step.RELEASE: cluster.release,
        Step.POINT: cluster.point,
        Step.WAIT: cluster.wait,
    }
    for _ in range(_MOST):
        seen = cluster.seen(home)
        step = next_step(home, seen)
        if step is Step.DONE:
            tell(f"{home.user} -> {home.new}: {home.source} -> {home.target}, volume {home.volume}")
            return
        act[step](home, seen)
    raise Stays("it does not come to an end: somebody else changes the same claims. Run this again.")


def stop_servers(plan: Plan, source: Kubectl, tell: Tell) -> bool:
    """Stop the servers of those who are to move; tell whether there was anything to stop."""
    names = [person.row.old for person in plan.people if person.row.new and person.running]
    if not names:
        return False
    if not plan.acts:
        tell(f"the servers of {', '.join(names)} are not stopped: {_DOES_NOT_ACT}")
        return False
    tell(f"stopping the servers of {', '.join(names)}")
    for user, why in hub.stop(source, names).items():
        tell(f"{user}: {why}")
    return True


def remove_accounts(plan: Plan, source: Kubectl, cluster: Cluster, tell: Tell) -> None:
    """Remove the old accounts of those who have moved: nobody inherits their tokens, cookies and shares."""
    ready = [one for one in plan.people if one.row.new and not one.obstacles and one.moved and one.account]
    for person in ready:
        _look_again(person, cluster)
        if not plan.acts:
            person.obstacles.append(f"{_STILL}: {_DOES_NOT_ACT}")
    going = {person.row.old: person for person in ready if not person.obstacles}
    if not going:
        return
    tell(f"removing from the hub: {', '.join(going)}")
    left = hub.remove(source, list(going))
    for name, person in going.items():
        if name in left:
            person.obstacles.append(f"{_STILL}: {left[name]}. Run this again.")
        else:
            person.account = None


def _look_again(person: Person, cluster: Cluster) -> None:
    """Note a home that began anew: with the account, a hub of others may delete it."""
    for home, _ in person.homes:
        if cluster.claim(home.source):
            person.obstacles.append(f"{home.source} has come back: {home.user} signed in again. Look at it.")
