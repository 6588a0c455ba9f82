"""A real headless browser that trusts the node's own authority and nothing it should not."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

# Chromium as Debian packages it. The flags keep it from calling home, which a closed network refuses slowly.
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def browser_page(home: Path, authorities: Iterable[Path], doors: Mapping[str, int]) -> Iterator[Page]:
    """Open a page of a browser of its own."""
    with running_browser(home, authorities, doors) as browser:
        yield page_of(browser)


def page_of(browser: Browser) -> Page:
    """Open a page that shares nothing with others of the browser: somebody else's, so to speak."""
    page = browser.new_context(viewport={"width": 1400, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    expect.set_options(timeout=60_000)  # a kernel may take its time on a busy machine
    return page


@contextmanager
def running_browser(home: Path, authorities: Iterable[Path], doors: Mapping[str, int]) -> Iterator[Browser]:
    """Run a browser whose only extra trust is `authorities`; certificate errors stay errors.

    `doors` says for outside names which port of this machine answers in place of 443.
    """
    _trust(home, authorities)
    rules = ", ".join(f"MAP {name}:443 127.0.0.1:{port}" for name, port in doors.items())
    flags = [*FLAGS, f"--host-resolver-rules={rules}"]
    with _still_network(home, set(doors.values())) as chromium, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=flags, env={**os.environ, "HOME": str(home)}
        )
        try:
            yield browser
        finally:
            browser.close()


def _trust(home: Path, authorities: Iterable[Path]) -> None:
    database = home / ".pki" / "nssdb"
    database.mkdir(parents=True)
    store = f"sql:{database}"
    subprocess.run(["certutil", "-N", "-d", store, "--empty-password"], check=True)
    for authority in authorities:
        named = ("-n", authority.stem, "-i", str(authority))
        subprocess.run(["certutil", "-A", "-d", store, "-t", "C,,", *named], check=True)


@contextmanager
def _still_network(home: Path, ports: Collection[int]) -> Iterator[Path]:
    """Yield a Chromium in a network of its own, whose only ways out lead to these ports of this machine.

    Chromium breaks off what it is loading whenever an interface of its network comes or goes
    (ERR_NETWORK_CHANGED), and on this machine every pod that starts or stops is one.
    """
    space = f"jhub-browser-{os.getpid()}"
    _ip("netns", "add", space)
    relays: list[subprocess.Popen[bytes]] = []
    try:
        _ip("-n", space, "link", "set", "lo", "up")
        # With nothing but loopback the browser believes to be offline; without this, the link would get a
        # second address by itself a second later, which is a change as well.
        _ip("netns", "exec", space, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
        _ip("-n", space, "link", "add", "here", "type", "veth", "peer", "name", "there")
        _ip("-n", space, "address", "add", "192.0.2.1/24", "dev", "here")
        for link in ("here", "there"):
            _ip("-n", space, "link", "set", link, "up")
        for port in ports:
            _relay(space, home / f"door-{port}", port, relays)
        script = home / "chromium"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {shlex.quote(space)} {CHROMIUM} "$@"\n')
        script.chmod(0o755)
        yield script
    finally:
        for relay in relays:
            relay.terminate()
            relay.wait()
        _ip("netns", "delete", space)


def _relay(space: str, door: Path, port: int, relays: list[subprocess.Popen[bytes]]) -> None:
    listen, connect = f"UNIX-LISTEN:{door},fork", f"TCP:127.0.0.1:{port}"
    relays.append(subprocess.Popen(["socat", listen, connect]))
    inside = ["ip", "netns", "exec", space, "socat"]
    listen, connect = f"TCP-LISTEN:{port},bind=127.0.0.1,fork,reuseaddr", f"UNIX-CONNECT:{door}"
    relays.append(subprocess.Popen([*inside, listen, connect]))
    _wait_for(door)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _wait_for(file: Path) -> None:
    end = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < end, f"{file} never came"
        time.sleep(0.05)
