"""`ops smoke` on the node: all checks pass, each fails by a fault of its own, and nothing stays behind."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ops.live import live
from ops.smoke import lock
from ops.smoke.authorities import trust
from ops.smoke.checks import NAMES
from ops.smoke.hub import Hub as Asked
from ops.smoke.kernel import kernel
from ops.smoke.starting import Starter
from ops.smoke.tokens import token
from ops.smoke.way import Detour, Way
from settings.smoke import SERVICE
from tests.e2e import smoke_faults as faults
from tests.e2e.hub import Hub
from tests.e2e.node_pod import wait_for
from tests.e2e.prometheus import prometheus_of, scraped
from tests.e2e.smoke_faults import Fault, Smoke, ended, variables

pytestmark = pytest.mark.node

KINDS = "pod,deployment,service,persistentvolumeclaim,secret,configmap,networkpolicy,ingress,resourcequota"
USERS = (
    "import sqlite3; print(sorted(name for name, in sqlite3.connect('/srv/jupyterhub/jupyterhub.sqlite')"
    ".execute('select name from users')))"
)
# Those that need no server of a user, each in a second or two.
OUTSIDE = ("pods", "release", "certificate", "sign-in", "api", "metrics", "prometheus")


def world_of(hub: Hub) -> dict[str, object]:
    """Everything that a run could leave: objects, volumes, users of the hub."""
    objects = json.loads(hub.kubectl("get", KINDS, "-o", "json"))["items"]
    return {
        "objects": {f"{one['kind']}/{one['metadata']['name']} {one['metadata']['uid']}" for one in objects},
        "volumes": set(hub.kubectl("get", "persistentvolume", "-o", "name").split()),
        "users": hub.kubectl("exec", "deployment/hub", "--", "python3", "-c", USERS),
    }


def secrets_of(hub: Hub) -> set[str]:
    """Every value of every Secret of the namespace that is long enough to be one."""
    found = json.loads(hub.kubectl("get", "secret", "-o", "json"))["items"]
    texts = {
        base64.b64decode(text).decode(errors="replace")
        for one in found
        for text in one.get("data", {}).values()
    }
    return {text for text in texts if len(text) > 16}


@pytest.fixture(scope="module")
def hub() -> Hub:
    return Hub.of_this_machine()


@pytest.fixture(scope="module")
def smoke() -> Smoke:
    made = Smoke(env=variables())
    # The folder that users share gets its volume with the first server of all.
    assert made.ran("--only", "spawn").code == 0
    return made


@pytest.fixture(autouse=True)
def tidy(hub: Hub, smoke: Smoke) -> Iterator[None]:
    """Whatever a test does, everything is afterwards as it was before."""
    before = world_of(hub)
    yield
    # Volumes and pods of a deployment go a little after what they belong to.
    end = time.monotonic() + 60
    while (after := world_of(hub)) != before and time.monotonic() < end:
        time.sleep(1)
    assert after == before


def test_every_check_passes(hub: Hub, smoke: Smoke, tmp_path: Path) -> None:
    junit = tmp_path / "smoke.xml"
    with prometheus_of(tmp_path, {"scrape_configs": [scraped(hub)]}) as seen:
        done = smoke.ran("--prometheus", seen.url, "--junit", str(junit))
    assert done.code == 0, done.out + done.err
    assert done.of("passed") == set(NAMES) - {"services"}
    assert "refused: the API server, the proxy's API" in done.check("egress")["seen"]
    assert not [one for one in secrets_of(hub) if one in done.out + done.err + junit.read_text()]
    assert {case.get("name") for case in ElementTree.parse(junit).iter("testcase")} == set(NAMES)  # noqa: S314


# The check, its fault, and the checks that are run: beside it those that must not notice.
FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "pods": (faults.a_deployment_that_never_comes, OUTSIDE),
    "release": (faults.a_release_that_hangs, OUTSIDE),
    "certificate": (faults.somebody_elses_authority, NAMES),
    "sign-in": (faults.settings_with(faults.another_provider), OUTSIDE),
    "api": (faults.settings_with(faults.another_version), OUTSIDE),
    "metrics": (faults.a_path_that_leads_elsewhere("/hub/metrics"), OUTSIDE),
    "prometheus": (faults.a_prometheus_without_the_token, OUTSIDE),
    "spawn": (faults.no_room_for_pods, NAMES),
    "cell": (faults.a_path_that_leads_elsewhere("/user/ops.smoke/api/kernels"), NAMES),
    "egress": (faults.everything_inside_is_open, (*OUTSIDE, "egress")),
    "services": (faults.settings_with(faults.a_service_that_is_not_there), ("egress", "services")),
    "home": (faults.a_home_that_is_swapped, ("egress", "home")),
    "gpu": (faults.no_gpu_on_any_node, ("egress", "gpu")),
}
BUILDS_ON = {
    "certificate": {"sign-in", "api", "metrics", "spawn", "cell", "egress", "services", "home", "gpu"},
    "spawn": {"cell", "egress", "services", "home", "gpu"},
    "cell": {"egress", "services", "home", "gpu"},
}


def test_each_check_has_its_fault() -> None:
    assert set(FAULTS) == set(NAMES)


@pytest.mark.parametrize("check", FAULTS)
def test_a_fault_fails_its_check_and_no_other(check: str, hub: Hub, smoke: Smoke, tmp_path: Path) -> None:
    plant, run = FAULTS[check]
    with plant(hub, tmp_path) as planted:
        running = smoke.started("--only", ",".join(run), *planted.words, **planted.env)
        planted.meanwhile()
        done = ended(running)
    assert done.code == 1, done.out + done.err
    assert done.of("failed") == {check}, done.out
    assert done.of("not tried") == BUILDS_ON.get(check, set())
    assert done.document["left"] == []
    told = done.check(check)
    assert told["follows"]
    assert told["remedy"]
    assert not [one for one in secrets_of(hub) if one in done.out + done.err]


def test_a_gpu_that_others_have_is_no_fault(hub: Hub, smoke: Smoke, tmp_path: Path) -> None:
    with faults.every_gpu_in_use(hub, tmp_path):
        done = smoke.ran("--only", "gpu")
    assert done.code == 0, done.out
    assert "in use now" in done.check("gpu")["seen"]
    assert done.check("gpu")["status"] == "skipped"


def test_a_second_run_is_refused_and_an_interrupted_one_removes_what_it_made(hub: Hub, smoke: Smoke) -> None:
    first = smoke.started()
    pods = ("get", "pods", "-l", "hub.jupyter.org/username=ops.smoke", "-o", "name")
    wait_for(lambda: bool(hub.kubectl(*pods)), "the first run has its server", 120)
    second = smoke.ran("--only", "spawn")
    assert second.code == 2, second.out
    assert "Another run is at work" in second.err
    interrupted = ended(first, signal.SIGINT)
    assert interrupted.code == 2
    assert "Interrupted." in interrupted.err
    assert not hub.kubectl(*pods)


def test_what_a_killed_run_left_is_removed_by_the_next(hub: Hub, smoke: Smoke) -> None:
    running = smoke.started()
    claims = ("get", "pvc", "-l", "hub.jupyter.org/username=ops.smoke", "-o", "name")
    wait_for(lambda: bool(hub.kubectl(*claims)), "there is something to leave", 120)
    ended(running, signal.SIGKILL)
    assert hub.kubectl("get", "configmap", lock.NAME, "-o", "name")
    done = smoke.ran("--only", "spawn")
    assert done.code == 0, done.out + done.err


def test_whoever_works_with_the_server_keeps_it(
    hub: Hub, smoke: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(smoke.env))
    found = live("local", Path(smoke.env["HUB_STACK_FILES"]))
    detours = tuple(Detour.read(one) for one in smoke.env["HUB_CONNECT_TO"].split(","))
    way = Way(hub.url, detours, trust(found.settings, Path(smoke.env["HUB_CA_FILE"])))
    asked = Asked(way, token(found, SERVICE))
    asked.make_user()
    Starter(asked, hub.namespace, 120, lambda _: None).start("cpu-only")
    with kernel(asked) as working:
        refused = smoke.ran("--only", "spawn")
        assert refused.code == 2, refused.out
        assert "Somebody is connected" in refused.err
        assert working.run("print(6 * 7)").strip() == "42"
    assert smoke.ran("--only", "spawn").code == 0, "nobody is connected any more"
