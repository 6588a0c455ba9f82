"""The checks, in their order, and what each builds on; one run of those that were chosen."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from ops.ending import Cannot
from ops.kubectl import NoAnswer
from ops.smoke.api_checks import api, metrics, prometheus
from ops.smoke.certificate import certificate
from ops.smoke.cluster_checks import pods, release
from ops.smoke.gpu import gpu
from ops.smoke.network_checks import egress, services
from ops.smoke.outcome import NOT_ASKED, Failed, Outcome, Seen, Skipped, Status
from ops.smoke.server_checks import cell, home, spawn
from ops.smoke.sign_in import sign_in
from ops.smoke.visit import Visit
from ops.smoke.way import Unreachable


@dataclass(frozen=True)
class Check:
    """One check, by what it is called; `needs` must not have failed before it."""

    name: str
    look: Callable[[Visit], Seen]
    needs: tuple[str, ...] = ()
    makes: bool = False
    """It leaves something that those which need it work with: without it they cannot be tried."""


CHECKS = (
    Check("pods", pods),
    Check("release", release),
    Check("certificate", certificate),
    Check("sign-in", sign_in, ("certificate",)),
    Check("api", api, ("certificate",)),
    Check("metrics", metrics, ("certificate",)),
    Check("prometheus", prometheus),
    Check("spawn", spawn, ("api",), makes=True),
    Check("cell", cell, ("spawn",), makes=True),
    Check("egress", egress, ("cell",)),
    Check("services", services, ("cell",)),
    Check("home", home, ("cell",)),
    Check("gpu", gpu, ("cell",)),
)
NAMES = tuple(check.name for check in CHECKS)
_BY_NAME = {check.name: check for check in CHECKS}


def chosen(only: Collection[str], skipped: Collection[str]) -> dict[str, str]:
    """Give the checks that are not run, each with the reason; `only` takes along what it builds on."""
    for name in (*only, *skipped):
        if name not in _BY_NAME:
            raise Cannot(f"There is no check {name}.\n    What to do:   name some of: {', '.join(NAMES)}.")
    wanted = {need for name in only for need in _with_needs(name)} if only else set(NAMES)
    left_out = {name: NOT_ASKED for name in NAMES if name not in wanted}
    return left_out | {name: f"--skip {name}" for name in NAMES if name in skipped}


def _with_needs(name: str) -> Iterator[str]:
    yield name
    for need in _BY_NAME[name].needs:
        yield from _with_needs(need)


def with_server(left_out: Collection[str]) -> bool:
    """Whether a server of the user is a part of the run."""
    return any(name not in left_out for name in NAMES if "spawn" in _with_needs(name))


def run(visit: Visit, left_out: dict[str, str], *, keep_going: bool) -> Iterator[Outcome]:
    """Give the outcome of each check as it ends."""
    over: dict[str, Outcome] = {}
    for check in CHECKS:
        reason = _why_not(check, over, keep_going=keep_going)
        if check.name in left_out:
            outcome = Outcome(name=check.name, status=Status.SKIPPED, seen=left_out[check.name])
        elif reason:
            outcome = Outcome(name=check.name, status=Status.NOT_TRIED, seen=reason)
        else:
            visit.tell(check.name)
            outcome = looked(check, visit)
        over[check.name] = outcome
        yield outcome


def _why_not(check: Check, over: dict[str, Outcome], *, keep_going: bool) -> str | None:
    failed = next((one for one in over.values() if one.status is Status.FAILED), None)
    if failed and not keep_going:
        return f"{failed.name} failed, and --fail-fast ends there"
    for need in check.needs:
        before = over[need]
        lacking = before.status is Status.SKIPPED and _BY_NAME[need].makes
        if before.stops or lacking or before.status is Status.NOT_TRIED:
            return f"it builds on {need}"
    return None


def looked(check: Check, visit: Visit) -> Outcome:
    """Run one check; whatever it meets becomes its outcome."""
    begun = time.monotonic()
    try:
        seen = check.look(visit)
        status, words, told = Status.PASSED, seen.words, None
        remarks = seen.remarks
    except Skipped as skipped:
        status, words, told, remarks = Status.SKIPPED, str(skipped), None, ()
    except (Failed, Unreachable, NoAnswer) as error:
        told = error if isinstance(error, Failed) else _unexpected(error, visit.live.stack)
        status, words, remarks = Status.FAILED, told.what, ()
    return Outcome(
        name=check.name,
        status=status,
        seen=words,
        remarks=remarks,
        follows=told.follows if told else "",
        remedy=told.remedy if told else "",
        stops=told.stops if told else False,
        seconds=round(time.monotonic() - begun, 1),
    )


def _unexpected(error: Exception, stack: str) -> Failed:
    if isinstance(error, NoAnswer):
        return Failed(
            str(error),
            "The cluster says nothing about this part.",
            f"`ops env {stack}` tells which cluster it is; `kubectl auth whoami` who you are there.",
        )
    return Failed(
        f"no answer: {error}",
        "People see an error page, or none.",
        f"`ops why {stack}` tells more.",
    )
