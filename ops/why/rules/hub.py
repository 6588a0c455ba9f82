"""What the hub's own log tells: known lines with their meaning, and the last errors that nobody knows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from ops.why import log
from ops.why.cause import Cause, Ref, Shell, Weight
from ops.why.facts import Facts, at
from ops.why.log import Record
from ops.why.rules.admission import refusal
from ops.why.rules.lines import LINES
from ops.why.rules.lines.line import Line
from ops.why.times import RECENT
from ops.why.troubles import containers, ready, user_of
from settings.door import callback_url

LOG = Ref("Log", "hub")
_LAST = 5
_COMMANDS: dict[str, Callable[[Shell], str]] = {
    "logs": lambda shell: shell.kubectl("logs", "deployment/hub", "--tail=200"),
    "proxy": lambda shell: shell.kubectl("logs", "deployment/proxy", "--tail=100"),
    "pods": lambda shell: shell.kubectl("get", "pods"),
    "endpoints": lambda shell: shell.cluster("get", "endpointslices", "-n", "default"),
    "restart": lambda shell: shell.kubectl("rollout", "restart", "deployment/hub", "deployment/proxy"),
    "up": Shell.up,
    "outputs": lambda shell: shell.pulumi("stack", "output", "callbackUrl"),
    "secrets": lambda shell: shell.ops("secrets"),
    "firewall": lambda shell: shell.ops("firewall"),
    "check": lambda shell: f"bin/ops check --stack {shell.stack}",
}


def hub_log(facts: Facts) -> Iterator[Cause]:
    """Judge what the hub said lately."""
    up = hub_is_up(facts)
    found: dict[tuple[str, str], Cause] = {}
    for record in log.of_hub(facts, up=up):
        line, match = _known(record)
        if not line or not match or not _matters(record, line, facts):
            continue
        cause = _cause(record, line, match, facts, up=up)
        if line.user and _later_success(cause.about.name, record, facts, up=up):
            continue
        if facts.user and line.user and cause.about.name != facts.user:
            continue
        # The last time counts, and of a server the first reason that the hub gives.
        key = (cause.about.name, "" if line.user else line.rule)
        found[key] = cause if key not in found or not line.user else found[key]
    yield from found.values()
    if not up and not any(one.about.kind != "Server" for one in found.values()):
        yield from _last_words(facts)


def hub_is_up(facts: Facts) -> bool:
    """Whether a hub serves."""
    hubs = [pod for pod in facts.all("pods") if at(pod, "metadata.labels.component") == "hub"]
    return any(ready(pod) for pod in hubs)


def unknown_errors(facts: Facts) -> list[Record]:
    """Give the errors of lately that no entry knows."""
    return [
        one
        for one in log.of_hub(facts, up=hub_is_up(facts))
        if one.bad and facts.since(one.when) < RECENT.total_seconds() and _known(one)[0] is None
    ]


def _known(record: Record) -> tuple[Line | None, re.Match[str] | None]:
    if not record.bad and record.level not in ("W", " "):
        return None, None
    for line in LINES:
        if match := line.pattern.search(record.text):
            return line, match
    return None, None


def _matters(record: Record, line: Line, facts: Facts) -> bool:
    return line.never_over or facts.since(record.when) < RECENT.total_seconds()


def _cause(record: Record, line: Line, match: re.Match[str], facts: Facts, *, up: bool) -> Cause:
    if line.user:
        return _of_server(record, line, match, facts)
    groups = [one or "" for one in match.groups()]
    named = {
        "file": facts.shell.file,
        "callback": callback_url(facts.settings.ingress, facts.settings.tls),
    }
    return Cause(
        rule=line.rule,
        about=LOG,
        what=line.what.format(*groups, **named),
        says=record.words,
        follows=line.follows.format(*groups, **named),
        advice=line.advice.format(*groups, **named),
        commands=tuple(_COMMANDS[name](facts.shell) for name in line.commands),
        when=record.when,
        weight=Weight.LOG if up else Weight.CORE,
    )


def _of_server(record: Record, line: Line, match: re.Match[str], facts: Facts) -> Cause:
    """Tell of one user's server; what the API server refused is told by its own words."""
    first, *others = (one or "" for one in match.groups())
    user = first or user_of(others[0], facts)
    what, advice = line.what.format(user, *others), line.advice
    commands: tuple[str, ...] = () if facts.user else (facts.shell.ops("why", "--user", user),)
    if line.rule == "server-error" and "forbidden" in record.text:
        refused = refusal(record.text.replace('\\"', '"'), facts)
        what, advice, commands = f"{refused.what}.", refused.advice, refused.commands
    return Cause(
        rule=line.rule,
        about=Ref("Server", user),
        what=what,
        says=match[0],
        follows=line.follows.format(user),
        advice=advice,
        commands=(*commands, _COMMANDS["logs"](facts.shell)),
        when=record.when,
        weight=Weight.USER,
    )


def _later_success(user: str, failed: Record, facts: Facts, *, up: bool) -> bool:
    ready_again = re.compile(
        rf"Server {re.escape(user)}(?::\S*)? is ready|Adding user {re.escape(user)} to proxy"
    )
    return any(
        ready_again.search(one.text)
        for one in log.of_hub(facts, up=up)
        if one.when and failed.when and one.when > failed.when
    )


def _killed(facts: Facts) -> bool:
    """Whether the hub was killed for its memory: then no word of its own says why it ended."""
    hubs = [pod for pod in facts.all("pods") if at(pod, "metadata.labels.component") == "hub"]
    ends = ("state.terminated.reason", "lastState.terminated.reason")
    return any(at(one, end) == "OOMKilled" for pod in hubs for one in containers(pod) for end in ends)


def _last_words(facts: Facts) -> Iterator[Cause]:
    """Show the last errors of a hub that does not come up, where no line of them is known."""
    unknown = unknown_errors(facts)
    if not unknown or _killed(facts):
        return
    last = unknown[-1]
    yield Cause(
        rule="hub-errors",
        about=Ref("Errors", "hub"),
        what="the hub says errors that are not known here.",
        says=last.words,
        follows="The hub does not come up.",
        advice="Its whole log has what came before.",
        commands=(_COMMANDS["logs"](facts.shell),),
        lines=tuple(one.words for one in unknown[-_LAST:]),
        when=last.when,
        weight=Weight.CORE,
    )
