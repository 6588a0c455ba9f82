"""Pulumi's state: another backend, no such stack, a lock, operations of which nobody knows how they ended."""

from __future__ import annotations

from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, Lock
from ops.why.times import ago


def state(facts: Facts) -> Iterator[Cause]:
    """Judge the state."""
    about = Ref("Stack", facts.shell.stack)
    seen = facts.state
    if seen.wanted and seen.used and seen.there is None:
        yield Cause(
            rule="other-backend",
            about=about,
            what=f"this shell has another backend, {seen.used}; the stack's state lies in {seen.wanted}.",
            follows="pulumi finds no stack, or the wrong one.",
            advice="Take the stack's own.",
            commands=(f'eval "$({facts.shell.ops("env")})"',),
            weight=Weight.BLOCKS,
        )
    elif seen.there is False:
        yield Cause(
            rule="no-stack",
            about=about,
            what=f"the backend {seen.used or ''} has no such stack.",
            follows="Nothing is known of what it made: a deployment would make it all anew.",
            advice="Is it the right backend? Then begin the stack; `ops adopt` takes over what is there.",
            commands=(
                f'eval "$({facts.shell.ops("env")})"',
                f'pulumi stack init {facts.shell.stack} --secrets-provider "$HUB_SECRETS_PROVIDER"',
            ),
            weight=Weight.BLOCKS,
        )
    for lock in seen.locks:
        yield _locked(lock, facts)
    if seen.pending and not seen.locks:
        yield _pending(facts)


def _locked(lock: Lock, facts: Facts) -> Cause:
    if lock.here and lock.alive:
        advice = f"Wait for it. If you know that it hangs: end process {lock.pid}, and then:"
    elif lock.here:
        advice = "Its process has ended, so nobody is at work: take the lock away."
    else:
        advice = f"Ask {lock.who} whether it still runs. If not, take the lock away."
    return Cause(
        rule="state-locked" if not (lock.here and lock.alive) else "at-work",
        about=Ref("Stack", facts.shell.stack),
        what="its state is locked.",
        says=f"created by {lock.who} (pid {lock.pid}) {ago(lock.when, facts.now)}".strip(),
        follows="pulumi refuses every run, so that no two write one state.",
        advice=advice,
        commands=(facts.shell.pulumi("cancel", "--yes"), facts.shell.pulumi("refresh")),
        when=lock.when,
        weight=Weight.BLOCKS,
    )


def _pending(facts: Facts) -> Cause:
    return Cause(
        rule="state-pending",
        about=Ref("Stack", facts.shell.stack),
        what="a run ended in the middle, and the state does not know how.",
        says="; ".join(facts.state.pending),
        follows="The next deployment warns, and what was being made may be made twice.",
        advice="Let pulumi look at what is there; it asks what became of each. What was not made: clear it.",
        commands=(facts.shell.pulumi("refresh"), facts.shell.pulumi("refresh", "--clear-pending-creates")),
        weight=Weight.BLOCKS,
    )
