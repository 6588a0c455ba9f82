"""Each committed stack on the node beside `local`: people work in it, and neither knows the other."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from embedded import world
from embedded.node import company
from embedded.paths import find
from embedded.report import doors
from embedded.stacks import committed, settings_of
from embedded.world import User, World
from ops.smoke.checks import NAMES
from tests.e2e import recorded
from tests.e2e.browser import browser_page
from tests.e2e.hub import Hub, https_port, make, tool
from tests.e2e.probe import doors_of, reached
from tests.e2e.recorded import steps_over, surprises
from tests.e2e.smoke_faults import Smoke
from tests.e2e.visit import run_cell, sign_in, sign_in_at_provider, start_server, stop_server

pytestmark = pytest.mark.node

STACKS = ("iav-test", "lab", "carbon254", "aiv-prod")
KEPT = (
    "deployment,service,persistentvolumeclaim,secret,configmap,networkpolicy,serviceaccount,role,rolebinding"
)


@dataclass(frozen=True)
class Visited:
    """A stack that is up, what surrounds it, and how `local` was before it came."""

    hub: Hub
    around: World
    local_before: dict[str, str]

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.hub.stack

    def somebody(self, *, may: bool) -> User:
        """Give a user, none of the administrators, whom the stack lets in or not."""
        return next(user for user in self.around.users if user.may == may and not user.admin)


def objects_of(hub: Hub) -> dict[str, str]:
    """Give every object of a hub's namespace with what changes when somebody touches it."""
    items = json.loads(hub.kubectl("get", KEPT, "-o", "json"))["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": f"{item['metadata']['uid']} {_generation(item)}"
        for item in items
    }


def _generation(item: dict[str, Any]) -> object:
    # Status changes count as versions too where nothing counts generations.
    settled = item["metadata"].get("generation")
    return (
        settled if settled or item["kind"] == "PersistentVolumeClaim" else item["metadata"]["resourceVersion"]
    )


@pytest.fixture(scope="module", params=STACKS)
def visited(request: pytest.FixtureRequest) -> Iterator[Visited]:
    stack = str(request.param)
    before = objects_of(Hub.of_this_machine())
    up = make("up", STACK=stack)
    assert up.returncode == 0, up.stdout + up.stderr
    yield Visited(Hub.of_this_machine(stack), world.known(find(), stack), before)
    down = make("destroy", STACK=stack, YES="1")
    assert down.returncode == 0, down.stdout + down.stderr
    namespace = settings_of(committed(stack))["namespace"]["name"]
    env = Hub.of_this_machine().engine.env
    found = tool(env, "kubectl", "get", "namespace", namespace, "--ignore-not-found", "-o", "name")
    assert not found, "make destroy takes the namespace along"
    assert objects_of(Hub.of_this_machine()) == before, "`local` was touched"


@pytest.fixture
def page(visited: Visited, tmp_path: Path, artifacts: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    authorities = [visited.hub.authority, company.root(find().pki).certificate]
    places = doors(visited.hub.url, https_port(), visited.around)
    with browser_page(tmp_path, authorities, places) as opened:
        yield opened
        # What a failed test saw last.
        opened.screenshot(path=artifacts / f"{request.node.name}.png")


def test_nothing_is_left_to_change(visited: Visited) -> None:
    done = visited.hub.engine.attempt("preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr


def test_states_of_earlier_versions_are_taken_over_without_a_surprise(
    visited: Visited, tmp_path: Path
) -> None:
    places = recorded.of(visited.name)
    assert places
    for place in places:
        scratch = tmp_path / place.stem
        scratch.mkdir()
        assert list(surprises(steps_over(visited.hub, place, scratch))) == [], place.stem


def test_somebody_signs_in_and_runs_a_cell(page: Page, visited: Visited, artifacts: Path) -> None:
    hub = visited.hub
    if visited.around.users:
        user = visited.somebody(may=True)
        sign_in_at_provider(page, hub, user.name, user.password)
        expected = user.hub_name
    else:
        expected = hub.outputs["signIn"]["users"][0]
        sign_in(page, hub, expected, hub.password)
    page.wait_for_url(f"{hub.url}/hub/spawn**")
    page.screenshot(path=artifacts / f"profiles-{visited.name}.png")
    start_server(page)
    run_cell(page)
    page.screenshot(path=artifacts / f"cell-{visited.name}.png")
    pods = hub.kubectl("get", "pods", "-l", "component=singleuser-server", "-o", "json")
    (pod,) = json.loads(pods)["items"]
    assert pod["metadata"]["annotations"]["hub.jupyter.org/username"] == expected
    stop_server(page, hub)


def test_whoever_may_not_is_refused(page: Page, visited: Visited) -> None:
    hub = visited.hub
    if visited.around.users:
        user = visited.somebody(may=False)
        sign_in_at_provider(page, hub, user.name, user.password)
        expect(page.locator("#refusal")).to_have_attribute("data-reason", "not_member")
    else:
        sign_in(page, hub, "somebody-else", hub.password)
        expect(page.locator("#refusal")).to_have_attribute("data-reason", "wrong_password")
    page.goto(f"{hub.url}/hub/home")
    assert "/hub/home" not in page.url


def test_the_outputs_say_what_a_person_needs(visited: Visited) -> None:
    settings, outputs = settings_of(committed(visited.name)), visited.hub.outputs
    assert outputs["url"] == f"https://{settings['ingress']['host']}"
    assert outputs["namespace"] == settings["namespace"]["name"]
    assert outputs["release"] == settings["hub"]["release"]
    if settings["auth"]["provider"] != "sharedPassword":
        assert outputs["callbackUrl"] == f"{outputs['url']}/hub/oauth_callback"


def test_neither_of_two_stacks_reaches_the_other(visited: Visited) -> None:
    hubs = {hub.namespace: hub for hub in (visited.hub, Hub.of_this_machine())}

    def found(namespace: str) -> tuple[str, set[str]]:
        hub = hubs[namespace]
        own, (theirs,) = doors_of(hub), [doors_of(other) for other in hubs.values() if other is not hub]
        user_pod = {
            "app": "jupyterhub",
            "component": "singleuser-server",
            "release": str(hub.outputs["release"]),
            "hub.jupyter.org/network-access-hub": "true",
        }
        return own["hub:8081"], reached(hub, namespace, user_pod, {own["hub:8081"], *theirs.values()})

    with ThreadPoolExecutor() as pool:
        for own_hub, reachable in pool.map(found, hubs):
            assert reachable == {own_hub}


def test_only_the_connector_reaches_the_proxy(visited: Visited) -> None:
    hub = visited.hub
    if "tunnel" not in settings_of(committed(visited.name))["ingress"]:
        pytest.skip("no tunnel leads to it")
    (connector,) = [
        item
        for item in json.loads(hub.kubectl("get", "deployment", "-o", "json"))["items"]
        if "connector" in item["spec"]["template"]["spec"]["containers"][0]["image"]
    ]
    labels = connector["spec"]["template"]["metadata"]["labels"]
    selected = connector["spec"]["selector"]["matchLabels"]
    proxy = doors_of(hub)["proxy:8000"]
    beside = {f"another {label}": {**labels, label: "another"} for label in selected}
    beside |= {
        f"no {label}": {name: value for name, value in labels.items() if name != label} for label in selected
    }
    tried = {"the connector's labels": labels, **beside}
    with ThreadPoolExecutor() as pool:
        found = pool.map(lambda those: reached(hub, hub.namespace, those, {proxy}), tried.values())
    through = [who for who, what in zip(tried, found, strict=True) if what]
    assert through == ["the connector's labels"]


def test_the_chain_of_a_pfx_is_served_to_whoever_trusts_the_root_alone(visited: Visited) -> None:
    settings = settings_of(committed(visited.name))
    if settings["tls"]["source"] != "pfx":
        pytest.skip("its certificate is no PFX")
    host, root = settings["ingress"]["host"], company.root(find().pki).certificate
    trust = ssl.create_default_context(cafile=str(root))
    with (
        socket.create_connection(("127.0.0.1", https_port()), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname=host) as secure,
    ):
        served = secure.getpeercert()
    assert served
    assert ("DNS", host) in served["subjectAltName"]
    assert "JupyterHub embedded issuing" in str(served["issuer"]), "the root signs no leaf itself"


def test_the_hubs_database_is_postgresql(visited: Visited) -> None:
    if settings_of(committed(visited.name))["database"]["kind"] != "external":
        pytest.skip("its database is a file")
    ask = (
        "from sqlalchemy import create_engine, inspect;"
        "from traitlets.config.loader import PyFileConfigLoader as L;"
        "url = L('/usr/local/etc/jupyterhub/jupyterhub_config.py').load_config().JupyterHub.db_url;"
        "engine = create_engine(url);"
        "print(engine.dialect.name, sorted(inspect(engine).get_table_names()))"
    )
    said = visited.hub.kubectl("exec", "deployment/hub", "--", "python3", "-c", ask)
    assert said.startswith("postgresql")
    assert all(table in said for table in ("'users'", "'spawners'", "'oauth_clients'"))


def test_ops_smoke_passes(visited: Visited) -> None:
    # GPUs of this node compute nothing, and only `local` says so.
    done = Smoke(visited.name).ran("--no-gpu")
    settings = settings_of(committed(visited.name))
    services = settings.get("services", {}).get("catalogue", ())
    # What lives in other namespaces of a cluster is not on this one, and that is found.
    missing = {"services"} if any("namespace" in one["reach"] for one in services) else set()
    assert done.of("failed") == missing, done.out + done.err
    not_here = {"prometheus", "gpu"} | (set() if services else {"services"})
    assert done.of("skipped") == not_here
    assert done.of("passed") == set(NAMES) - not_here - missing
    assert done.document["left"] == []
    if settings["auth"]["provider"] != "sharedPassword":
        assert "state and PKCE are there" in done.check("sign-in")["seen"]


def test_local_is_as_it_was_before_the_stack_came(visited: Visited) -> None:
    assert objects_of(Hub.of_this_machine()) == visited.local_before
