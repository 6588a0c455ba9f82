"""A server that is there is noticed soon: the hub's pauses do not grow to seconds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import ModuleType

import jupyterhub.utils
import kubespawner.spawner
import pytest

from chart.values import build
from tests.unit.documents import PROJECT, settings_of

sys.path.insert(0, str(PROJECT / "files" / "hub"))

REFUSED_FIRST = 20


@pytest.fixture
def prompt_hub(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Run the code of the values in this process, as the hub does at its start."""
    for module in (jupyterhub.utils, kubespawner.spawner):
        monkeypatch.setattr(module, "exponential_backoff", module.exponential_backoff)
    exec(build(settings_of("aiv-prod"))["hub"]["extraConfig"]["prompt"])  # noqa: S102 -- as the chart does
    utils: ModuleType = jupyterhub.utils
    return utils


@pytest.fixture
def slow_server() -> Iterator[tuple[str, list[int]]]:
    """Answer 503 at first, as a server that is not ready; then 200."""
    asked: list[int] = []

    class Starting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(503 if len(asked) < REFUSED_FIRST else 200)
            self.send_response(asked[-1])
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Starting)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def test_a_server_is_asked_many_times_in_a_short_wait(
    prompt_hub: ModuleType, slow_server: tuple[str, list[int]]
) -> None:
    # At the hub's own pauses the twenty-first question would come after 40 seconds.
    url, asked = slow_server
    asyncio.run(prompt_hub.wait_for_http_server(url, timeout=12))
    assert asked[-1] == 200


def test_a_running_pod_is_looked_for_as_often(prompt_hub: ModuleType) -> None:
    looks: list[bool] = []

    def runs() -> bool:
        looks.append(len(looks) >= REFUSED_FIRST)
        return looks[-1]

    waited = kubespawner.spawner.exponential_backoff(runs, "never", timeout=12)
    asyncio.run(waited)
    assert looks[-1]
