"""What counts as use of a server, what ends when, and what the hub and its servers are told of it."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chart.values import build
from tests.unit.documents import PROJECT, settings_of

sys.path.insert(0, str(PROJECT / "files" / "server"))
sys.path.insert(0, str(PROJECT / "files" / "hub"))
from real_use import after_reports, without_traffic
from use_clock import SPANS, Programs, Spans, acts, busy, ends, kernel_ends, must_tell

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


@pytest.mark.parametrize(
    ("method", "path", "counts"),
    [
        ("GET", "/user/ada/api/kernels", False),
        ("GET", "/user/ada/api/contents", False),
        ("PUT", "/user/ada/api/contents/a.ipynb", True),
        ("POST", "/user/ada/api/sessions", True),
        ("DELETE", "/user/ada/api/kernels/1", True),
        # The lab's own: it writes its layout down every ten seconds, and git looks by POST.
        ("PUT", "/user/ada/lab/api/workspaces/default", False),
        ("POST", "/user/ada/git/work/status", False),
    ],
)
def test_what_a_page_does_by_itself_is_no_use(method: str, path: str, counts: bool) -> None:
    assert acts(method, path, "/user/ada/api/") is counts


def test_a_server_ends_so_long_after_its_last_use_or_its_start() -> None:
    spans = Spans(idle=3600, age=36000)
    idle, age = ends(spans, ago(hours=9), ago(minutes=55), NOW)
    assert (idle.what, idle.left, idle.notice) == ("idle", 300, 600)
    assert (age.what, age.left, age.notice) == ("age", 3600, 1800)
    assert [one.what for one in ends(Spans(60), ago(hours=9), NOW, NOW)] == ["idle"]


def test_people_are_told_in_time_however_short_the_time_is() -> None:
    for idle in (20.0, 60.0, 900.0, 86400.0):
        spans = Spans(idle)
        assert spans.again < spans.notice < idle


def kernel(state: str, connections: int, rested: float) -> dict[str, Any]:
    last = ago(seconds=rested).isoformat().replace("+00:00", "Z")
    return {"id": "k", "name": "a.ipynb", "execution_state": state, "connections": connections,
            "last_activity": last}  # fmt: skip


@pytest.mark.parametrize(
    ("state", "connections", "idle", "told"),
    [("idle", 0, 600, True), ("busy", 0, 600, False), ("idle", 1, 600, False), ("idle", 0, 0, False)],
)
def test_a_kernel_that_would_end_is_told_of(state: str, connections: int, idle: float, told: bool) -> None:
    found = kernel_ends([kernel(state, connections, 500)], idle, NOW)
    assert [(one.id, one.name, one.left) for one in found] == ([("k", "a.ipynb", 100)] if told else [])


def test_a_kernel_that_computes_is_in_use_also_when_it_prints_nothing() -> None:
    assert busy([kernel("idle", 1, 0), kernel("busy", 0, 36000)])
    assert not busy([kernel("idle", 1, 0)])


@pytest.mark.parametrize(
    ("used", "told", "must"),
    [
        (ago(minutes=1), ago(minutes=55), True),
        (ago(minutes=1), ago(minutes=10), False),
        (ago(minutes=55), ago(minutes=55), False),
    ],
)
def test_the_hub_hears_at_once_of_use_that_saves_a_server(used: datetime, told: datetime, must: bool) -> None:
    assert must_tell(Spans(3600), used, told, NOW) is must


def process(folder: Path, number: int, ticks: int, began: int = 7) -> None:
    (folder / str(number)).mkdir(exist_ok=True)
    fields = ["S", *["0"] * 10, str(ticks), "0", "0", "0", *["0"] * 4, str(began)]
    (folder / str(number) / "stat").write_text(f"{number} (a ) (b) {' '.join(fields)}\n")


@pytest.mark.parametrize(
    ("ticks", "began", "computes"),
    # A hundred ticks are a second of a processor, and a minute passes between the looks.
    [(5000, 7, True), (30, 7, False), (5000, 8, False)],
)
def test_a_program_left_running_is_use_as_long_as_it_computes(
    tmp_path: Path, ticks: int, began: int, computes: bool
) -> None:
    programs = Programs(tmp_path)
    process(tmp_path, 41, 100)
    assert not programs.compute(ago(minutes=1))
    process(tmp_path, 41, 100 + ticks, began)
    assert programs.compute(NOW) is computes


@pytest.mark.parametrize("gone", [False, True])
def test_a_program_that_ends_meanwhile_breaks_nothing(tmp_path: Path, gone: bool) -> None:
    programs = Programs(tmp_path)
    process(tmp_path, 41, 100)
    programs.compute(ago(minutes=1))
    if gone:
        (tmp_path / "41" / "stat").unlink()
    assert not programs.compute(NOW)


def test_the_proxys_traffic_is_not_heard_and_its_routes_are() -> None:
    class Proxy:
        async def get_all_routes(self, client: object = None) -> dict[str, Any]:
            return {"/user/ada/": {"data": {"user": "ada", "last_activity": "now"}, "target": "http://a"}}

    routes = asyncio.run(without_traffic(Proxy)().get_all_routes(client=None))
    assert routes == {"/user/ada/": {"data": {"user": "ada"}, "target": "http://a"}}


def test_cullers_look_after_servers_could_report() -> None:
    given: list[dict[str, Any]] = [
        {"name": "jupyterhub-idle-culler", "command": ["cull"]},
        {"name": "other", "url": "http://a"},
    ]
    culler, other = after_reports(given, "python", 450)
    assert (culler["command"][3:], other) == (["450", "cull"], given[1])


def test_a_server_is_told_what_ends_it_a_gpu_server_sooner() -> None:
    values = build(settings_of("local", {"culling": {"maxAge": "24h"}}))["singleuser"]
    assert Spans.given(values["extraEnv"]) == Spans(3600, 86400)
    told = {one["slug"]: one["kubespawner_override"].get("environment") for one in values["profileList"]}
    assert Spans.given(told["cpu-only"]) == Spans(3600, 86400)
    assert Spans.given(told["gpu-large"]) == Spans(1800, 86400)


@pytest.mark.parametrize("stack", ["local", "aiv-prod", "carbon254"])
def test_reports_are_newer_than_any_notice(stack: str) -> None:
    settings = settings_of(stack)
    environment = build(settings)["singleuser"]["extraEnv"]
    spans = Spans.given(environment)
    assert spans
    assert int(environment["JUPYTERHUB_ACTIVITY_INTERVAL"]) < spans.notice


def test_where_nothing_ends_nothing_is_mounted_and_nobody_is_told() -> None:
    values = build(settings_of("local", {"culling": {"enabled": False}}))
    user = values["singleuser"]
    assert SPANS not in user.get("extraEnv", {})
    assert not {"kernels.py", "server_use.py", "lab-notices.js"} & set(user["extraFiles"])
    assert "real-use" not in values["hub"]["extraConfig"]
    assert not any("environment" in one["kubespawner_override"] for one in user["profileList"])


def test_every_server_finds_the_module_and_every_lab_the_notices() -> None:
    files = build(settings_of("local"))["singleuser"]["extraFiles"]
    text = {one["mountPath"]: one["stringData"] for one in files.values()}
    config = text["/usr/local/etc/jupyter/jupyter_config.py"]
    assert "sys.path.append('/usr/local/etc/jupyter')" in config
    (enabled,) = (body for place, body in text.items() if "/jupyter_server_config.d/" in place)
    assert json.loads(enabled) == {"ServerApp": {"jpserver_extensions": {"server_use": True}}}
    assert {"/usr/local/etc/jupyter/server_use.py", "/usr/local/etc/jupyter/use_clock.py"} <= set(text)
    lab = "/usr/local/share/jupyter/labextensions"
    described = json.loads(text[f"{lab}/server-use/package.json"])
    assert f"{lab}/{described['name']}/{described['jupyterlab']['_build']['load']}" in text
