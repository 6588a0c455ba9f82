"""What each group may, at a real hub: what is granted reaches the pod; a forged request is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.hub.cases import STACKS, Case, Provider, enters
from tests.hub.cases_browser import Browser
from tests.hub.cases_world import Changed, Hub, World, hub_of, running_world
from tests.unit.documents import Document, committed

# KubeSpawner itself, up to where it would ask the cluster: pod and claim are written down instead.
_SPAWNER = """
import json, pathlib
import kubespawner.spawner as module
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from tornado.web import Application, RequestHandler

for name in ("load_config", "shared_client"):
    setattr(module, name, lambda *_, **__: None)

class Answer(RequestHandler):
    def get(self):
        self.write({})

class Written(KubeSpawner):
    listening = None

    async def start(self):
        await self.load_user_options()
        claim = self.get_pvc_manifest()
        pod = self.modify_pod_hook(self, await self.get_pod_manifest())
        async with ApiClient() as client:
            made = [client.sanitize_for_serialization(one) for one in (pod, claim)]
        pathlib.Path(f"{self.user.name}--{self.name}.json").write_text(json.dumps(made))
        self.listening = Application([(".*", Answer)]).listen(0, "127.0.0.1")
        port = next(iter(self.listening._sockets.values())).getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def poll(self):
        return None if self.listening else 0

    async def stop(self, now=False):
        if self.listening:
            self.listening.stop()
            self.listening = None

c.JupyterHub.spawner_class = Written
c.KubeSpawner.storage_capacity = get_config("singleuser.storage.capacity")
# So many failed starts in a row restart the hub.
c.Spawner.consecutive_failure_limit = 3
"""
_SHARE = {"guarantee": "50m", "limit": "1"}
_MEMORY = {"guarantee": "256Mi", "limit": "1Gi"}
_SMALL = {"name": "Small", "slug": "small", "default": True, "cpu": _SHARE, "memory": _MEMORY}
_MLFLOW = {
    "kind": "mlflow",
    "url": "http://mlflow.mlflow:5000",
    "credentials": "mlflow-login",
    "reach": {"namespace": "mlflow", "ports": [5000]},
}
PLAIN, MORE = "member", "administrator"
GROUPS: dict[Provider, tuple[str, str]] = {
    "entra": ("users", "admins"),
    "github": ("members", "admins"),
    "cloudflare": ("users", "admins"),
}
WHO = {
    "plainly starts": (PLAIN,),
    "forges a form": (PLAIN,),
    "forges options": (PLAIN,),
    "forges servers": (PLAIN,),
    "is elsewhere too": (PLAIN, "a-group-that-nobody-defined"),
    "has more": (MORE,),
    "has more servers": (MORE,),
    "has more until later": (MORE,),
}
CASES = [Case(provider, what, enters(), groups) for provider in STACKS for what, groups in WHO.items()]


def matrix(provider: Provider) -> Document:
    """The same rows for each provider: the members' group may little, the other one more."""
    plain, more = GROUPS[provider]
    gone = dict.fromkeys(committed(STACKS[provider])["capabilities"])
    return {
        "profiles": [_SMALL, {**_SMALL, "name": "Large", "slug": "large", "default": False}],
        "services": {"catalogue": [_MLFLOW]},
        "storage": {"homes": {"size": "10Gi"}},
        "gpu": {"quota": None},
        "capabilities": {
            **gone,
            "everyone": {"profiles": ["small"], "sharedFolder": "read", "services": []},
            plain: {"signIn": True, "sharedFolder": "none"},
            more: {
                "signIn": True,
                "profiles": ["large"],
                "home": "20Gi",
                "sharedFolder": "write",
                "services": ["mlflow"],
                "servers": 2,
            },
        },
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world(tmp_path_factory.mktemp("world"), CASES) as running:
        yield running


@pytest.fixture(scope="module", params=list(STACKS))
def hub(world: World, request: pytest.FixtureRequest) -> Iterator[Hub]:
    provider: Provider = request.param
    with hub_of(world, provider, Changed(matrix(provider), then=_SPAWNER, starts=True)) as running:
        yield running


@dataclass
class Person:
    """Somebody who is signed in."""

    hub: Hub
    case: Case
    browser: Browser
    name: str

    def by_form(self, server: str = "", **form: str) -> requests.Response:
        token = next(one.value for one in self.browser.session.cookies if one.name == "_xsrf")
        place = f"/hub/spawn/{self.name}" + (f"/{server}" if server else "")
        return self.browser.ask("POST", place, data={**form, "_xsrf": token or ""})

    def by_program(self, options: object = None, server: str = "") -> requests.Response:
        place = f"/users/{self.name}/" + (f"servers/{server}" if server else "server")
        more = {} if options is None else {"json": options}
        return self.browser.api("POST", place, **more)

    def stops(self, server: str = "") -> None:
        place = f"/users/{self.name}/" + (f"servers/{server}" if server else "server")
        assert self.browser.api("DELETE", place).status_code in {202, 204}

    def made(self, server: str = "") -> tuple[dict[str, Any], dict[str, Any]] | None:
        """Give the pod and the claim of a server that was started."""
        file = Path(self.hub.running.log).parent / f"{self.name}--{server}.json"
        if not file.exists():
            return None
        pod, claim = json.loads(file.read_text())
        return pod, claim


def comes(world: World, hub: Hub, what: str) -> Person:
    (case,) = [one for one in CASES if (one.provider, one.what) == (hub.provider, what)]
    browser = world.browser(hub)
    browser.sign_in(case.person, world.passwords[case.person])
    me = browser.me()
    assert me
    return Person(hub, case, browser, me["name"])


def facts(person: Person, server: str = "") -> dict[str, Any]:
    """Say in short what a server got."""
    made = person.made(server)
    assert made
    pod, claim = made
    (container,) = pod["spec"]["containers"]
    mounts = [one for one in container.get("volumeMounts", ()) if one["name"] == "shared"]
    return {
        "home": claim["spec"]["resources"]["requests"]["storage"],
        "folder": [one.get("readOnly", False) for one in mounts],
        "from": container.get("envFrom", []),
        "labels": {name for name in pod["metadata"]["labels"] if name.startswith("platform.service/")},
    }


LITTLE: dict[str, Any] = {"home": "10Gi", "folder": [True], "from": [], "labels": set()}
MUCH: dict[str, Any] = {
    "home": "20Gi",
    "folder": [False],
    "from": [
        {"configMapRef": {"name": "platform-service-mlflow", "optional": True}},
        {"secretRef": {"name": "mlflow-login"}},
    ],
    "labels": {"platform.service/mlflow"},
}


def test_whoever_is_in_the_plain_group_gets_what_everyone_has(world: World, hub: Hub) -> None:
    person = comes(world, hub, "plainly starts")
    page = person.browser.visit(f"/hub/spawn/{person.name}")
    assert "small" in page.text
    assert "large" not in page.text
    assert person.by_form(profile="small").status_code == 302
    assert facts(person) == LITTLE


def test_groups_add_up(world: World, hub: Hub) -> None:
    person = comes(world, hub, "has more")
    page = person.browser.visit(f"/hub/spawn/{person.name}")
    assert all(slug in page.text for slug in ("small", "large"))
    assert person.by_form(profile="large").status_code == 302
    assert facts(person) == MUCH


def test_a_group_that_the_settings_do_not_know_gives_nothing(world: World, hub: Hub) -> None:
    person = comes(world, hub, "is elsewhere too")
    assert person.by_program({"profile": "large"}).status_code == 403
    assert person.by_program().status_code == 201
    assert facts(person) == LITTLE


def test_a_forged_form_gets_a_refusal_in_words_and_harms_nobody(world: World, hub: Hub) -> None:
    person = comes(world, hub, "forges a form")
    for _ in range(5):
        refused = person.by_form(profile="large")
        assert refused.status_code == 403
        assert "not among yours: small" in refused.text
    assert person.by_form(profile="small", **{"profile-option-small--image": "mine"}).status_code == 403
    assert person.made() is None
    # More than so many failed starts would have ended the hub.
    assert person.by_form(profile="small").status_code == 302
    assert facts(person) == LITTLE


@pytest.mark.parametrize(
    "options", [{"profile": "large"}, {"image": "mine"}, {"profile": ["large"]}, ["large"]]
)
def test_forged_options_of_a_program_get_a_refusal(world: World, hub: Hub, options: object) -> None:
    person = comes(world, hub, "forges options")
    refused = person.by_program(options)
    assert refused.status_code == 403, refused.text
    assert refused.json()["message"]
    assert person.made() is None


def test_a_server_more_gets_a_refusal_by_page_and_by_program(world: World, hub: Hub) -> None:
    person = comes(world, hub, "forges servers")
    for refused in (
        person.by_program({"profile": "small"}, "second"),
        person.by_form("third", profile="small"),
    ):
        assert refused.status_code == 403
        assert "You may have one server" in refused.text
    assert person.made("second") is person.made("third") is None


def test_who_may_have_two_servers_has_no_third(world: World, hub: Hub) -> None:
    person = comes(world, hub, "has more servers")
    assert person.by_program({"profile": "small"}).status_code == 201
    assert person.by_form("second", profile="large").status_code == 302
    assert facts(person, "second") == MUCH
    assert person.by_program({"profile": "small"}, "third").status_code == 400, "JupyterHub's own count"
    refused = person.by_form("third", profile="small")
    assert refused.status_code == 403
    assert "You may have 2 servers" in refused.text
    assert person.made("third") is None


def test_the_page_of_servers_speaks_of_further_ones_to_those_who_may_have_them(
    world: World, hub: Hub
) -> None:
    may, may_not = comes(world, hub, "has more servers"), comes(world, hub, "forges servers")
    assert "Named Servers" in may.browser.visit("/hub/home").text
    page = may_not.browser.visit("/hub/home").text
    assert "My Server" in page
    assert "Named Servers" not in page
    assert "Add New Server" not in page


def test_who_has_lost_a_group_gets_less_at_the_next_start(world: World, hub: Hub) -> None:
    person = comes(world, hub, "has more until later")
    assert person.by_program({"profile": "large"}).status_code == 201
    assert facts(person) == MUCH
    person.stops()
    groups = committed(STACKS[hub.provider])["auth"]["groups"]
    plain = groups[GROUPS[hub.provider][0]]
    # At GitHub members of a team are members of its organisation.
    left = [plain.partition(":")[0], plain]
    world.say({person.case.person: {"claims": {"groups": left, "teams": left}}})
    # The hub takes a word that is younger than this for the last one.
    time.sleep(6)
    assert person.by_program().status_code == 403, "the options of the last start"
    assert person.by_program({"profile": "small"}).status_code == 201
    assert facts(person) == LITTLE
