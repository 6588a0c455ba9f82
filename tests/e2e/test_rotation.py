"""Rotation on the running stack: a person with a running server lives through new passwords and new keys."""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import yaml
from requests.adapters import HTTPAdapter

from tests.e2e.hub import Hub

pytestmark = pytest.mark.node

HOST = "jupyterhub.localhost"
ADMINISTRATOR = "warden"
SETTINGS = "jupyterhub:settings"
KEPT = {"access_token": "of the time before", "groups": ["data-science"]}


def wait_for(what: Callable[[], bool], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"not within {seconds:.0f} s"
        time.sleep(0.5)


class Door(HTTPAdapter):
    """Asks localhost for the hub's host: this machine need not know the name, the certificate is for it."""

    def init_poolmanager(self, *args: Any, **named: Any) -> None:  # noqa: ANN401 -- whatever the library hands on
        super().init_poolmanager(*args, **named, server_hostname=HOST, assert_hostname=HOST)


@dataclass(frozen=True)
class Person:
    """A session at the hub, without a browser."""

    name: str
    url: str
    session: requests.Session

    @classmethod
    def of(cls, hub: Hub, name: str, password: str) -> Person:
        """Sign in."""
        session = requests.Session()
        session.mount("https://", Door())
        session.headers["Host"] = f"{HOST}:{hub.port}"
        session.verify = str(hub.authority)
        # Else REQUESTS_CA_BUNDLE of whoever runs the test would win over it.
        session.trust_env = False
        person = cls(name, f"https://localhost:{hub.port}", session)
        person.get("/hub/login")
        answer = session.post(
            f"{person.url}/hub/login",
            data={"username": name, "password": password, "_xsrf": person.mark("/hub/")},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 302, f"{name} could not sign in: {answer.status_code}"
        person.get("/hub/home")
        return person

    def get(self, path: str) -> requests.Response:
        return self.session.get(f"{self.url}{path}", allow_redirects=False, timeout=30)

    def mark(self, path: str) -> str:
        """Give the hub's mark against forged requests."""
        return next(
            one.value or "" for one in self.session.cookies if one.name == "_xsrf" and one.path == path
        )

    def asks(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 -- JSON
        answer = self.session.request(
            method,
            f"{self.url}/hub/api/{path}",
            json=body,
            headers={"X-XSRFToken": self.mark("/hub/")},
            timeout=30,
        )
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:200]}"
        return answer.json() if answer.text else None

    def is_signed_in(self) -> bool:
        return self.get("/hub/home").status_code == 200

    def starts_server(self) -> None:
        # The hub gives a server half a minute, which a busy machine may need for less: so it is asked again.
        wait_for(self._has_server, 360)
        # The first visit brings the server's own cookie, by way of the hub.
        self.session.get(f"{self.url}/user/{self.name}/lab", timeout=60)

    def _has_server(self) -> bool:
        known = self.asks("GET", f"users/{self.name}")
        if not known.get("server") and not known.get("pending"):
            self.asks("POST", f"users/{self.name}/server", {})
        return bool(known.get("server"))

    def server_answers(self) -> bool:
        return self.get(f"/user/{self.name}/api/status").status_code == 200


@dataclass(frozen=True)
class Pods:
    """What runs: of hub and proxy the pod and how often its container restarted; of the hub, its revision."""

    hub: str
    proxy: str
    server: str
    revision: int

    @classmethod
    def now(cls, hub: Hub, user: str) -> Pods:
        deployment = json.loads(hub.kubectl("get", "deployment", "hub", "-o", "json"))
        return cls(
            hub=_one(hub, "component=hub"),
            proxy=_one(hub, "component=proxy"),
            server=_one(hub, f"component=singleuser-server,hub.jupyter.org/username={user}"),
            revision=int(deployment["metadata"]["annotations"]["deployment.kubernetes.io/revision"]),
        )


def _one(hub: Hub, label: str) -> str:
    found = json.loads(hub.kubectl("get", "pods", "-l", label, "-o", "json"))["items"]
    (pod,) = [one for one in found if not one["metadata"].get("deletionTimestamp")]
    restarts = sum(one["restartCount"] for one in pod["status"].get("containerStatuses", []))
    return f"{pod['metadata']['uid']} after {restarts} restarts"


@dataclass
class Rotating:
    """The stack, whose settings a test changes on top of what was changed before."""

    hub: Hub
    committed: str

    def change(self, **generations: object) -> None:
        config = yaml.safe_load(self.hub.engine.config_file.read_text())
        document = config["config"][SETTINGS]
        document["auth"]["administrators"] = [ADMINISTRATOR]
        # Only JupyterHub's own role reads what the hub keeps encrypted; the test looks by it.
        document["auth"]["adminAccess"] = True
        document["secrets"].setdefault("generations", {}).update(generations)
        self._up(yaml.safe_dump(config, sort_keys=False))

    def back(self) -> None:
        self._up(self.committed)

    def _up(self, text: str) -> None:
        self.hub.engine.config_file.write_text(text)
        done = self.hub.engine.attempt("up", "--yes", "--skip-preview")
        assert done.returncode == 0, done.stdout + done.stderr

    def output(self, name: str) -> str:
        told = self.hub.engine.read("stack", "output", name, "--show-secrets")
        return told.strip()

    def crypt_keys(self) -> list[str]:
        """Give the keys that the hub has, as its Secret holds them."""
        pod = json.loads(self.hub.kubectl("get", "deployment", "hub", "-o", "json"))["spec"]["template"]
        (name,) = [
            volume["secret"]["secretName"]
            for volume in pod["spec"]["volumes"]
            if volume["name"] == "existing-secret"
        ]
        data = json.loads(self.hub.kubectl("get", "secret", name, "-o", "json"))["data"]
        return base64.b64decode(data["hub.config.CryptKeeper.keys"]).decode().split(";")


@pytest.fixture(scope="module")
def rotating() -> Iterator[Rotating]:
    """The stack with an administrator; as it was afterwards."""
    hub = Hub.of_this_machine()
    rotating = Rotating(hub, hub.engine.config_file.read_text())
    try:
        rotating.change()
        yield rotating
    finally:
        rotating.back()


@pytest.fixture(scope="module")
def person(rotating: Rotating) -> Iterator[Person]:
    """Somebody with a running server, who signed in before anything is rotated."""
    name = f"rotation-{secrets.token_hex(3)}"
    someone = Person.of(rotating.hub, name, rotating.output("password"))
    someone.starts_server()
    yield someone
    rotating.hub.kubectl("delete", "pod", f"jupyter-{name}", "--ignore-not-found")
    rotating.hub.kubectl("delete", "persistentvolumeclaim", f"claim-{name}", "--ignore-not-found")


def restarted_once(before: Pods, after: Pods) -> None:
    assert after.revision == before.revision + 1, "the hub was rolled out more than once, or not at all"
    assert after.hub != before.hub
    assert after.hub.endswith("after 0 restarts")
    assert after.proxy == before.proxy, "the proxy was restarted"
    assert after.server == before.server, "the person's server was restarted"


def test_a_new_sign_in_secret_restarts_the_hub_once_and_keeps_servers(
    rotating: Rotating, person: Person
) -> None:
    before, old = Pods.now(rotating.hub, person.name), rotating.output("password")
    assert person.server_answers()

    rotating.change(passwords=2)

    restarted_once(before, Pods.now(rotating.hub, person.name))
    wait_for(person.is_signed_in, 60)
    assert person.server_answers()
    new = rotating.output("password")
    assert new != old
    assert Person.of(rotating.hub, person.name, new).is_signed_in()
    with pytest.raises(AssertionError, match="could not sign in"):
        Person.of(rotating.hub, person.name, old)


def test_a_new_crypt_key_signs_nobody_out_and_reads_what_the_old_one_wrote(
    rotating: Rotating, person: Person
) -> None:
    warden = Person.of(rotating.hub, ADMINISTRATOR, rotating.output("adminPassword"))
    warden.asks("PATCH", f"users/{person.name}", {"auth_state": KEPT})
    before, (old,) = Pods.now(rotating.hub, person.name), rotating.crypt_keys()

    rotating.change(cryptKeys=[2, 1])

    restarted_once(before, Pods.now(rotating.hub, person.name))
    new, still = rotating.crypt_keys()
    assert still == old != new
    wait_for(person.is_signed_in, 60)
    assert person.server_answers()
    assert warden.is_signed_in()
    assert warden.asks("GET", f"users/{person.name}")["auth_state"] == KEPT
