"""A server that is there is noticed soon: the hub's pauses do not grow to seconds."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import ModuleType
from unittest.mock import AsyncMock

import jupyterhub.utils
import kubespawner.spawner
import pytest

from chart.values import build
from tests.unit.documents import PROJECT, settings_of

sys.path.insert(0, str(PROJECT / "files" / "hub"))

import prompt

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


def test_the_more_wait_the_longer_are_their_pauses_and_one_alone_has_short_ones_again() -> None:
    pauses, seen, over = prompt.Pauses(), [], asyncio.Event()

    async def wait(*_: object, max_wait: float) -> None:
        seen.append(max_wait)
        await over.wait()
        raise TimeoutError

    async def crowd() -> None:
        waits = [asyncio.ensure_future(pauses.shortened(wait)()) for _ in range(30)]
        await asyncio.sleep(0)
        over.set()
        assert all(
            isinstance(ended, TimeoutError) for ended in await asyncio.gather(*waits, return_exceptions=True)
        )
        with contextlib.suppress(TimeoutError):
            await pauses.shortened(wait)()

    asyncio.run(crowd())
    *crowded, alone = seen
    assert crowded == sorted(crowded)
    assert (crowded[0], crowded[-1], alone) == (
        prompt.PAUSE_OF_EACH,
        prompt.LONGEST_PAUSE,
        prompt.PAUSE_OF_EACH,
    )


def test_files_of_a_volume_keep_their_group_where_its_root_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # Else the kubelet walks through all of a home, and of the shared folder, before a server starts.
    for name in ("load_config", "shared_client"):
        monkeypatch.setattr(kubespawner.spawner, name, AsyncMock())
    given = build(settings_of("aiv-prod"))["hub"]["config"]["KubeSpawner"]["pod_security_context"]
    spawner = kubespawner.KubeSpawner(_mock=True, fs_gid=100, pod_security_context=given)
    pod = asyncio.run(spawner.get_pod_manifest())
    assert pod.spec.security_context == {"fsGroup": 100, "fsGroupChangePolicy": "OnRootMismatch"}
