"""Each committed stack on the node beside `local`: people work in it, and neither knows the other."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from embedded import world
from embedded.node import company
from embedded.paths import find
from embedded.report import doors
from embedded.stacks import committed, settings_of
from embedded.world import User
from ops.smoke.checks import NAMES
from settings.names import amount
from tests.e2e import recorded
from tests.e2e.browser import page_of, running_browser
from tests.e2e.given import Given
from tests.e2e.hub import Hub, https_port, make, tool
from tests.e2e.own_hosts import kept_apart
from tests.e2e.probe import doors_of, reached
from tests.e2e.recorded import steps_over, surprises
from tests.e2e.secret_places import RECORD, places_of, secrets_of
from tests.e2e.secret_search import found
from tests.e2e.smoke_faults import Smoke
from tests.e2e.visit import (
    choose,
    forge,
    make_token,
    offered,
    run_cell,
    sign_out,
    start_server,
    stop_server,
)
from tests.e2e.visited import Visited, objects_of

pytestmark = pytest.mark.node

STACKS = ("iav-test", "lab", "carbon254", "aiv-prod")
ON_PURPOSE = (
    # The chart takes the token between hub and proxy from its values, and from nowhere else.
    (RECORD, "proxy-token-"),
    # It ends by saying how to sign in at what it has made up.
    ("make up", "password of "),
    ("make up", "Password"),
    # JupyterHub's part of a server names a browser's session when it gives it a form's token. It opens
    # nothing: the hub asks for the cookie of the sign-in.
    ("log of a server", "cookie jupyterhub-session-id"),
)


@pytest.fixture(scope="module", params=STACKS)
def visited(request: pytest.FixtureRequest) -> Iterator[Visited]:
    stack = str(request.param)
    before = objects_of(Hub.of_this_machine())
    up = make("up", STACK=stack)
    assert up.returncode == 0, up.stdout + up.stderr
    yield Visited(
        Hub.of_this_machine(stack), world.known(find(), stack), before, {"make up": _said(up).encode()}
    )
    down = make("destroy", STACK=stack, YES="1")
    assert down.returncode == 0, down.stdout + down.stderr
    namespace = settings_of(committed(stack))["namespace"]["name"]
    env = Hub.of_this_machine().engine.env
    found = tool(env, "kubectl", "get", "namespace", namespace, "--ignore-not-found", "-o", "name")
    assert not found, "make destroy takes the namespace along"
    assert objects_of(Hub.of_this_machine()) == before, "`local` was touched"


@pytest.fixture(scope="module")
def browser(visited: Visited, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    authorities = [visited.hub.authority, company.root(find().pki).certificate]
    places = doors(visited.hub.url, https_port(), visited.around)
    with running_browser(tmp_path_factory.mktemp("browser"), authorities, places) as running:
        yield running


@pytest.fixture
def page(browser: Browser, artifacts: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Somebody's page, who was never here before."""
    opened = page_of(browser)
    yield opened
    # What a failed test saw last.
    opened.screenshot(path=artifacts / f"{request.node.name}.png")
    opened.context.close()


def _said(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


def test_nothing_is_left_to_change(visited: Visited) -> None:
    done = visited.hub.engine.attempt("preview", "--diff", "--expect-no-changes")
    visited.seen["preview"] = _said(done).encode()
    assert done.returncode == 0, _said(done)
    assert "warning" not in _said(done)


def test_states_of_earlier_versions_are_taken_over_without_a_surprise(
    visited: Visited, tmp_path: Path
) -> None:
    places = recorded.of(visited.name)
    assert places
    for place in places:
        scratch = tmp_path / place.stem
        scratch.mkdir()
        assert list(surprises(steps_over(visited.hub, place, scratch))) == [], place.stem


def test_somebody_comes_works_and_leaves(page: Page, visited: Visited, artifacts: Path) -> None:
    hub, user = visited.hub, visited.somebody(may=True)
    visited.enter(page, user)
    page.wait_for_url(f"{hub.url}/hub/spawn**")
    page.screenshot(path=artifacts / f"profiles-{visited.name}.png")
    visited.keep(page, "profiles")
    assert offered(page) == visited.profiles(user)
    choose(page, visited.profiles(user)[0])
    start_server(page)
    run_cell(page)
    page.screenshot(path=artifacts / f"cell-{visited.name}.png")
    visited.keep(page, "server")
    kept_apart(page, visited, user)
    pod = visited.server(user)
    profile = next(one for one in visited.settings["profiles"] if one["slug"] == visited.profiles(user)[0])
    (notebook,) = pod["spec"]["containers"]
    assert amount(notebook["resources"]["limits"]["memory"]) == amount(profile["memory"]["limit"])
    shared_as_said(visited, user, pod)
    if visited.settings["storage"].get("objectStore", {}).get("kind") == "cephS3":
        a_bucket_of_the_claim(visited, pod)
    log = hub.kubectl("logs", pod["metadata"]["name"], "--all-containers")
    visited.seen["log of a server"] = log.encode()
    stop_server(page, hub)
    visited.keep(page, "home")
    page.goto(f"{hub.url}/hub/token")
    visited.keep(page, "tokens")
    visited.given["a token of their own"] = make_token(page, hub)
    sign_out(page, hub)
    visited.keep(page, "signed out")
    page.goto(f"{hub.url}/hub/home")
    page.wait_for_url(f"{hub.url}/hub/login**")
    if visited.around.users:
        # The hub has ended its own session, and has nobody in without the provider's word.
        page.click("a[href*='oauth_login']")
        page.wait_for_selector("#sign-in")


def shared_as_said(visited: Visited, user: User, pod: dict[str, Any]) -> None:
    """The folder is there, read-only, or not at all, by the rows of somebody's groups."""
    may, who = visited.folder(user), user.name.partition("@")[0]
    place = visited.settings["storage"]["shared"]["mountPath"]
    found = Given(visited.hub, pod["metadata"]["name"]).folder(place, who)
    refusal = {"write": "", "read": "Read-only file system", "none": ""}[may]
    assert (found["mounted"], found["refused"]) == (may != "none", refusal), found
    if may == "write":
        assert found["read"][f"from-{who}"] == f"words of {who}"
    if may == "read":
        # What somebody wrote before, who may.
        assert list(found["read"].values()) == [
            f"words of {name.removeprefix('from-')}" for name in found["read"]
        ]
        assert found["read"], "nobody wrote anything"
        assert f"from-{who}" not in found["read"]


def a_bucket_of_the_claim(visited: Visited, pod: dict[str, Any]) -> None:
    found = Given(visited.hub, pod["metadata"]["name"]).bucket()
    assert found["address"] == visited.settings["storage"]["objectStore"]["endpoint"]
    assert found["same"], "the object is not what was sent"
    assert found["keys"] == ["a folder/file"]
    assert found["another"] == "AccessDenied", "the keys of a claim open more than its bucket"


def test_a_form_that_asks_for_another_groups_profile_is_refused(page: Page, visited: Visited) -> None:
    hub, user = visited.hub, visited.somebody(may=True)
    visited.enter(page, user)
    page.wait_for_url(f"{hub.url}/hub/spawn**")
    forge(page, visited.not_for(user))
    expect(page.locator("main")).to_contain_text("not among yours")
    visited.keep(page, "refused profile")
    assert visited.server(user) == {}
    page.goto(f"{hub.url}/hub/home", wait_until="networkidle")
    expect(page.locator("#stop")).to_be_hidden()


def test_whoever_is_in_more_groups_is_offered_what_these_may(browser: Browser, visited: Visited) -> None:
    for user in visited.others:
        page = page_of(browser)
        visited.enter(page, user)
        page.wait_for_url(f"{visited.hub.url}/hub/spawn**")
        assert offered(page) == visited.profiles(user)
        if visited.folder(user) != visited.folder(visited.somebody(may=True)):
            start_server(page)
            shared_as_said(visited, user, visited.server(user))
            stop_server(page, visited.hub)
        page.goto(f"{visited.hub.url}/hub/admin", wait_until="networkidle")
        visited.keep(page, f"administration for {user.name}")
        expect(page.locator("#react-admin-hook")).to_have_count(1 if user.admin else 0)
        page.context.close()


def test_whoever_may_not_is_refused(page: Page, visited: Visited) -> None:
    visited.enter(page, visited.somebody(may=False))
    reason = "not_member" if visited.around.users else "wrong_password"
    expect(page.locator("#refusal")).to_have_attribute("data-reason", reason)
    visited.keep(page, "refusal")
    page.goto(f"{visited.hub.url}/hub/home")
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


def test_no_secret_is_where_others_can_read_it(visited: Visited) -> None:
    secrets = {**secrets_of(visited.hub), **visited.given}
    # What this stack is known to have: a search for nothing would find nothing.
    kinds = [
        "cookie-secret-",
        "crypt-",
        "proxy-token-",
        "token-smoke-",
        "jupyterhub-hub-login at",
        "a token",
    ]
    kinds += ["oauthClientSecret", "access_token of", "code "] if visited.around.users else ["sharedPassword"]
    assert [kind for kind in kinds if not any(kind in name for name in secrets)] == []
    said = found(secrets, {**places_of(visited.hub), **visited.seen})
    known = [one for one in said for place, secret in ON_PURPOSE if one.startswith(place) and secret in one]
    assert sorted({*said} - {*known}) == []
    assert any(one.startswith(RECORD) for one in known), "the search finds what is known to be there"


def test_local_is_as_it_was_before_the_stack_came(visited: Visited) -> None:
    assert objects_of(Hub.of_this_machine()) == visited.local_before
