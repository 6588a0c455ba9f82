"""The facts as people read them: lines for a terminal, a page for the lab."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator

from notebook_welcome.facts import Facts, Service

_GIB = 1 << 30
NEARLY_FULL = 0.1
Line = tuple[str, str]


def lines(facts: Facts) -> Iterator[Line]:
    """Give the subjects and what is to say about each."""
    yield "server", _server(facts)
    yield "home", _home(facts)
    if facts.shared:
        yield "/shared", facts.shared
    for service in facts.services:
        yield service.name, _service(service)
    if not facts.services:
        yield "services", "this environment names none"
    yield "examples", "~/examples (read-only: copy what you want to change)"
    yield "more", "welcome --fresh   platform-services   image-contents"


def for_terminal(facts: Facts) -> str:
    """Lay the lines out in two columns."""
    said = list(lines(facts))
    width = max(len(subject) for subject, _ in said)
    body = "\n".join(f"  {subject:<{width}}  {words}" for subject, words in said)
    return f"Welcome, {facts.user}. Services as of {_clock(facts)}.\n{body}\n"


def for_browser(facts: Facts) -> str:
    """Write one page that needs nothing from anywhere."""
    rows = "".join(
        f"<tr><th scope=row>{html.escape(subject)}</th><td>{html.escape(words)}</td></tr>"
        for subject, words in lines(facts)
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>What is reachable</title>"
        "<style>body{font:16px system-ui,sans-serif;margin:2rem;max-width:60rem;color:#222;background:#fff}"
        "th{text-align:left;padding:.4rem 2rem .4rem 0;vertical-align:top;white-space:nowrap}</style>"
        f"<h1>Welcome, {html.escape(facts.user)}</h1>"
        f"<p>Services as of {_clock(facts)}. Reload to look again.</p>"
        f"<table>{rows}</table></html>"
    )


def _clock(facts: Facts) -> str:
    return time.strftime("%H:%M", time.localtime(facts.looked))


def _server(facts: Facts) -> str:
    processors = "all processors" if facts.processors is None else f"{facts.processors:g} processors"
    memory = "no memory limit" if facts.memory is None else f"{_gib(facts.memory)} of memory"
    used = "" if facts.memory_used is None else f" ({_gib(facts.memory_used)} in use)"
    held = ", ".join(facts.gpus) if facts.gpus else "no GPU"
    return f"{processors}, {memory}{used}, {held}" + (", VS Code in the launcher" if facts.editor else "")


def _home(facts: Facts) -> str:
    room = f"{_gib(facts.home_free)} free of {_gib(facts.home_size)}"
    nearly = facts.home_free < facts.home_size * NEARLY_FULL
    return f"{room}: NEARLY FULL, delete or move files" if nearly else room


def _service(service: Service) -> str:
    if not service.granted:
        return service.why or "is not granted to you"
    if service.up:
        return f"answers at {service.address}"
    return f"does not answer at {service.address}: {service.why}"


def _gib(size: int) -> str:
    return f"{size / _GIB:.1f} GiB"
