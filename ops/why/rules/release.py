"""The release, as Helm wrote it down: broken off, failed, or not there."""

from __future__ import annotations

from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, Revision

_GOOD = ("deployed", "superseded")


def release(facts: Facts) -> Iterator[Cause]:
    """Judge the last revision."""
    if not facts.knows("releases"):
        return
    if not facts.revisions:
        yield from _missing(facts)
        return
    last = max(facts.revisions, key=lambda one: one.number)
    if last.status.startswith("pending") or last.status == "uninstalling":
        yield _pending(last, facts)
    elif last.status == "failed":
        yield Cause(
            rule="release-failed",
            about=Ref("Release", facts.release),
            what=f"its revision {last.number} failed.",
            says=last.words,
            follows="Its objects are as far as Helm came; the next deployment goes on from there.",
            advice="Put right what kept it from becoming ready, and deploy again.",
            commands=(facts.shell.helm("status", facts.release), facts.shell.up()),
            when=last.when,
            weight=Weight.SYMPTOM,
        )


def _pending(last: Revision, facts: Facts) -> Cause:
    good = [one for one in facts.revisions if one.status in _GOOD and one.number < last.number]
    back = max(good, key=lambda one: one.number, default=None)
    forget = facts.shell.kubectl("delete", "secret", last.secret)
    refresh = facts.shell.pulumi("refresh")
    if back is None:
        advice = (
            "No earlier revision is there to go back to: take away what is half-made. Claims and Secrets "
        )
        advice += "of the stack stay."
        away = facts.shell.helm("uninstall", facts.release, "--wait", "--cascade", "foreground")
        commands = (away, refresh, facts.shell.up())
    elif back.chart == last.chart:
        advice = f"Go back to revision {back.number}, then bring the state in line and deploy again."
        commands = (facts.shell.helm("rollback", facts.release, str(back.number)), refresh, facts.shell.up())
    else:
        # An older hub does not start on a database that the newer one has brought to its form.
        advice = (
            f"Let Helm forget revision {last.number}: the chart changed ({back.chart} to {last.chart}), and "
        )
        advice += "an older hub may refuse the database that the newer one has changed. Then deploy again."
        commands = (forget, refresh, facts.shell.up())
    return Cause(
        rule="release-pending",
        about=Ref("Release", facts.release),
        what=f"its revision {last.number} is {last.status}: a run was broken off, or is still at work.",
        says=last.words,
        follows="Helm refuses every further deployment (another operation is in progress).",
        advice=f"If a deployment runs now, wait for it. Else: {advice[0].lower()}{advice[1:]}",
        commands=commands,
        when=last.when,
        weight=Weight.BLOCKS,
    )


def _missing(facts: Facts) -> Iterator[Cause]:
    if facts.named("namespaces", facts.shell.namespace) is None and facts.knows("namespaces"):
        return
    yield Cause(
        rule="release-missing",
        about=Ref("Release", facts.release),
        what="Helm knows no release of this name in the namespace.",
        follows="There is no hub.",
        advice="The deployment did not come so far, or the release was taken away: what is made before it "
        "(namespace, claims, Secrets) may have failed. A preview shows what is still to be made.",
        commands=(facts.shell.pulumi("preview"), facts.shell.up()),
        weight=Weight.DOOR,
    )
