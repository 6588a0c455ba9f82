"""Tells a person, or a program, what was found and what was looked at."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.text import Text

from ops.telling import plain
from ops.why.cause import Cause
from ops.why.facts import Facts, at, name_of
from ops.why.judge import Root
from ops.why.masking import masked
from ops.why.person import person
from ops.why.rules.hub import unknown_errors
from ops.why.times import ago
from ops.why.troubles import ready, started_a_moment_ago

_LABEL = 17
_MANY = 3


def told(roots: list[Root], facts: Facts) -> Iterator[Text]:
    """Give the report, line by line."""
    stack = facts.shell.stack
    if facts.user:
        yield from (Text(line) for line in person(facts))
        yield Text()
    if roots:
        count = f"{len(roots)} cause{'s' if len(roots) > 1 else ''}"
        yield Text(f"{stack}: {count}{', likeliest first' if len(roots) > 1 else ''}.", style="bold")
    else:
        yield Text(f"{stack}: nothing is wrong, as far as can be seen.", style="bold")
    for number, root in enumerate(roots, start=1):
        yield Text()
        yield from _root(number, root, facts)
    yield Text()
    yield from _labelled("Looked at:", "; ".join(looked(facts)))
    for one in facts.unseen:
        yield from _labelled("Not looked at:", f"{one.what} ({one.why})")
    for note in notes(facts):
        yield from _labelled("Beside that:", note)


def _root(number: int, root: Root, facts: Facts) -> Iterator[Text]:
    cause = root.cause
    head = f"{number}. {_names(cause)}: {cause.what}"
    yield Text.assemble((head, "bold"), (f"  {ago(cause.when, facts.now)}" if cause.when else "", "dim"))
    if cause.says:
        yield from _labelled("   It says:", cause.says)
    for line in cause.lines:
        yield Text(f"{'':{_LABEL}}| {line}", style="dim")
    yield from _labelled("   What follows:", cause.follows)
    yield from _labelled("   What to do:", cause.advice)
    for command in cause.commands:
        yield Text(f"{'':{_LABEL}}$ {command}", style="cyan")
    for effect in root.consequences:
        since = f" ({ago(effect.when, facts.now)})" if effect.when else ""
        yield from _labelled("   Comes of it:", f"{_names(effect)}: {effect.what}{since}")


def _names(cause: Cause) -> str:
    more = [one.name for one in cause.also]
    listed = ", ".join(more[:_MANY]) + (f" and {len(more) - _MANY} more" if len(more) > _MANY else "")
    return f"{cause.about}{f' (and {listed})' if more else ''}"


def _labelled(label: str, words: str) -> Iterator[Text]:
    """Break prose to the width of a terminal below its own beginning; commands are never broken."""
    width = (Console().width if sys.stdout.isatty() else 100_000) - _LABEL
    lines = [part for line in words.splitlines() for part in textwrap.wrap(line, max(width, 20)) or [""]]
    for place, line in enumerate(lines or [""]):
        yield Text(f"{label if place == 0 else '':{_LABEL}}{line}")


def looked(facts: Facts) -> list[str]:
    """Say what was looked at."""
    last = max(facts.revisions, key=lambda one: one.number, default=None)
    counted = [
        _counted(len(facts.all(resource)), resource)
        for resource in sorted(facts.objects)
        if resource not in ("namespaces", "releases", "tls") and facts.all(resource)
    ]
    state = f"state in {facts.state.used}" if facts.state.there else ""
    revision = f"release {facts.release} (revision {last.number}, {last.status})" if last else ""
    logs = ", ".join(dict.fromkeys(one.container for one in facts.logs))
    tls = "certificate" if facts.all("tls") else ""
    given = [
        f"namespace {facts.shell.namespace}",
        revision,
        *counted,
        f"log of {logs}" if logs else "",
        tls,
        state,
    ]
    return [one for one in given if one]


def _counted(count: int, resource: str) -> str:
    one = resource.removesuffix("es" if resource.endswith("sses") else "s")
    return f"{count} {one if count == 1 else resource}"


def notes(facts: Facts) -> list[str]:
    """Say what is no finding, and good to know."""
    starting = [
        f"{name_of(pod)} has just started and is not ready yet: ask again in a minute"
        for pod in facts.all("pods")
        if at(pod, "status.phase") == "Running"
        and not at(pod, "metadata.deletionTimestamp")
        and not ready(pod)
        and started_a_moment_ago(pod, facts)
    ]
    unknown = unknown_errors(facts)
    if not unknown:
        return starting
    last = unknown[-1]
    return [
        *starting,
        f"the hub's log has {len(unknown)} errors of the last half hour that are not known here; the last, "
        f"{ago(last.when, facts.now)}: {masked(last.words)[:200]}",
    ]


def as_data(roots: list[Root], facts: Facts) -> dict[str, Any]:
    """Give the report for programs."""
    return {
        "stack": facts.shell.stack,
        "namespace": facts.shell.namespace,
        "user": facts.user,
        "person": [line.strip() for line in person(facts)] if facts.user else [],
        "at": facts.now.isoformat(),
        "causes": [
            {**_cause(root.cause), "comesOfIt": [_cause(one) for one in root.consequences]} for root in roots
        ],
        "looked": looked(facts),
        "notLooked": [{"what": one.what, "why": one.why} for one in facts.unseen],
        "notes": notes(facts),
    }


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "rule": cause.rule,
        "about": str(cause.about),
        "also": [str(one) for one in cause.also],
        "what": cause.what,
        "says": cause.says,
        "follows": cause.follows,
        "advice": cause.advice,
        "commands": list(cause.commands),
        "lines": list(cause.lines),
        "when": cause.when.isoformat() if cause.when else None,
    }


def write(lines: Iterator[Text]) -> None:
    """Write for people: with colours at a terminal, plain elsewhere."""
    if sys.stdout.isatty():
        console = Console(highlight=False)
        for line in lines:
            console.print(line, soft_wrap=True)
    else:
        plain("".join(f"{line.plain.rstrip()}\n" for line in lines))
