"""Platform services of 254Carbon from a user's own server: data go there and back, nothing else is reached.

Real: PostgreSQL, S3 (Versity's gateway), Kafka, MLflow, Ray. Stubs: Trino, DataHub. The table of what was
expected and observed is printed, and kept among the artefacts.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shlex
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from embedded import images, world
from embedded.node import company
from embedded.node.layout import layout
from embedded.node.runtime import load_images
from embedded.paths import find
from embedded.report import doors
from settings.services import for_users
from tests.e2e.browser import browser_page
from tests.e2e.hub import Hub, https_port, make, tool
from tests.e2e.probe import SCRIPT, doors_of, reached
from tests.e2e.services_world import BESIDE, ELSEWHERE, Served, running, served
from tests.e2e.visit import sign_in_at_provider, start_server
from tests.unit.documents import settings_of

# Asked for by name: its services take 3 GiB and some minutes beside everything else that runs on the node.
ASKED = "SERVICES"
pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(ASKED not in os.environ, reason=f"{ASKED}=1 starts the platform's services as well"),
]

STACK = "carbon254"
ROLE, DATABASE = "ada", "tables"
EXAMPLES = "/opt/notebook/share/examples/services"
# What each example prints once its data came back.
SAID = {
    "postgresql": ("hello from a notebook", f"'{ROLE}'", "six times seven: 42"),
    "minio": ("hello from a notebook", "sum of x: 6"),
    "kafka": ("not delivered: 0", "hello from a notebook"),
    "mlflow": ("accuracy: 0.75 depth: 3", "hello from a notebook"),
    "ray": ("squares: [0, 1, 4, 9, 16]",),
    "trino": ("a stub, no Trino",),
    "datahub": ("stub",),
}
STUBS = {"trino", "datahub"}
SERVICES_FIRST = "10.96.0.1"
ADDRESS = "jsonpath={.subsets[0].addresses[0].ip}:{.subsets[0].ports[0].port}"
NODE = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
READ = (
    "import json, sys; "
    "cells = json.load(sys.stdin)['cells']; "
    "print(''.join(''.join(o.get('text', o.get('data', {}).get('text/plain', ''))) "
    "for c in cells if c['cell_type'] == 'code' for o in c['outputs']))"
)


@dataclass(frozen=True)
class Scene:
    """The stack, the services around it, and a user's server that runs."""

    hub: Hub
    pod: str
    services: tuple[Served, ...]
    addresses: Mapping[str, str]
    """Of the services' pods, by namespace; `elsewhere` is one that no setting names."""
    password: str = field(repr=False)

    def within(self, command: str, env: Mapping[str, str] | None = None) -> str:
        """Run a command in the user's server, as the user does in a terminal."""
        words = " ".join(shlex.quote(f"{name}={value}") for name, value in (env or {}).items())
        return self.hub.kubectl(
            "exec", self.pod, "-c", "notebook", "--", "sh", "-c", f"env {words} {command}"
        )

    @property
    def login(self) -> dict[str, str]:
        """What the user types for PostgreSQL: this stack shares no password of it."""
        return {"PGUSER": ROLE, "PGPASSWORD": self.password, "PGDATABASE": DATABASE}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    built = images.ensure(find(), extra=("services",))
    load_images(layout(find()), {"services": built["services"]})
    try:
        up = make("up", STACK=STACK)
        assert up.returncode == 0, up.stdout + up.stderr
        with ExitStack() as stack:
            yield _scene(stack, built["services"].ref, tmp_path_factory.mktemp("browser"))
    finally:
        down = make("destroy", STACK=STACK, YES="1")
        assert down.returncode == 0, down.stdout + down.stderr


def _scene(stack: ExitStack, image: str, home: Path) -> Scene:
    hub = Hub.of_this_machine(STACK)
    store = settings_of(STACK).storage.object_store
    assert store is not None
    secret = json.loads(hub.kubectl("get", "secret", "jupyter-minio", "-o", "json"))["data"]
    keys = {name: base64.b64decode(value).decode() for name, value in secret.items()}
    services = served(image, images.ensure(find())["notebook"].ref, keys, "jupyter")
    elsewhere = Served("elsewhere", ELSEWHERE, "elsewhere", 8080, image, "exec python3 -m http.server 8080")
    password = secrets.token_hex(12)
    with ThreadPoolExecutor() as pool:
        pod = pool.submit(_server, hub, home)
        addresses = stack.enter_context(running(hub, [*services, elsewhere]))
        _database(hub, password)
        return Scene(hub, pod.result(), tuple(services), addresses, password)


def _server(hub: Hub, home: Path) -> str:
    """Sign somebody in and start their server; give its pod."""
    around = world.known(find(), STACK)
    user = next(user for user in around.users if user.may and not user.admin)
    authorities = [hub.authority, company.root(find().pki).certificate]
    with browser_page(home, authorities, doors(hub.url, https_port(), around)) as page:
        sign_in_at_provider(page, hub, user.name, user.password)
        page.wait_for_url(f"{hub.url}/hub/spawn**")
        start_server(page)
    found = json.loads(hub.kubectl("get", "pods", "-l", "component=singleuser-server", "-o", "json"))
    (pod,) = found["items"]
    return str(pod["metadata"]["name"])


def _database(hub: Hub, password: str) -> None:
    """Make the platform's own database in the server that the hub's is in, as its administrator does."""
    data = "/var/lib/postgresql/data/cluster"
    script = f"""
    set -eu
    cp {data}/pg_hba.conf /tmp/pg_hba.conf
    (echo 'hostssl all postgres 127.0.0.1/32 trust'; cat /tmp/pg_hba.conf) > {data}/pg_hba.conf
    pg_ctl reload -D {data} >/dev/null; sleep 1
    psql 'host=127.0.0.1 user=postgres dbname=postgres sslmode=require' -v ON_ERROR_STOP=1 -q \
      -c "CREATE ROLE {ROLE} LOGIN PASSWORD '{password}'" -c "CREATE DATABASE {DATABASE} OWNER {ROLE}"
    cat /tmp/pg_hba.conf > {data}/pg_hba.conf
    pg_ctl reload -D {data} >/dev/null
    """
    env = hub.engine.env
    kubectl = ("kubectl", "-n", "postgresql", "exec", "-i", "deployment/postgresql", "--", "sh")
    tool(env, *kubectl, given=script)


def test_every_service_is_up_as_the_client_sees_it(scene: Scene) -> None:
    states = json.loads(scene.within("platform-services check --timeout 20 --json"))
    assert {state["name"] for state in states} == {
        service.name or service.kind for service in for_users(settings_of(STACK).services)
    }
    assert [state for state in states if not (state["granted"] and state["up"])] == []


@pytest.mark.parametrize("kind", SAID)
def test_data_go_there_and_back_by_the_example(scene: Scene, kind: str, artifacts: Path) -> None:
    run = f"jupyter nbconvert --log-level=ERROR --to notebook --execute --stdout {EXAMPLES}/{kind}.ipynb"
    said = scene.within(f"{run} | python3 -c {shlex.quote(READ)}", scene.login)
    (artifacts / f"service-{kind}.txt").write_text(("STUB\n" if kind in STUBS else "") + said)
    assert [words for words in SAID[kind] if words not in said] == [], said
    assert scene.password not in said


def test_a_wrong_password_is_refused_in_plain_words_and_is_not_shown(scene: Scene) -> None:
    ask = (
        "import platform_services as s\n"
        "try:\n    s.connect('postgresql', password='not-the-password')\n"
        "except s.CredentialsRefused as error:\n    print(error)"
    )
    said = scene.within(f"python3 -c {shlex.quote(ask)} 2>&1", {"PGUSER": ROLE, "PGDATABASE": DATABASE})
    assert "refuses the credentials" in said
    assert "What to do:" in said
    assert "not-the-password" not in said


def test_only_what_was_granted_is_reached_at_exactly_its_port(scene: Scene, artifacts: Path) -> None:
    rows = [*_granted(scene), *_denied(scene)]
    assert len(rows) >= 25
    where = " ".join(row.where for row in rows)
    found = scene.within(f"python3 -c {shlex.quote(SCRIPT)} {where}").splitlines()
    observed = dict(line.split(" ", 1) for line in found)
    text = table(rows, observed)
    (artifacts / f"services-{STACK}.md").write_text(text)
    sys.stdout.write(f"\n{text}")
    wrong = [row for row in rows if observed[row.where].startswith("open") != row.open]
    assert wrong == []


def test_the_owners_policies_let_nobody_else_in(scene: Scene) -> None:
    guarded = {f"{scene.addresses[one.namespace]}:{one.port}" for one in scene.services if one.guarded}
    unguarded = {f"{scene.addresses[one.namespace]}:{one.port}" for one in scene.services if not one.guarded}
    assert reached(scene.hub, ELSEWHERE, {"app": "somebody"}, guarded | unguarded) == unguarded


def test_a_service_that_went_down_is_told_from_one_that_is_closed(scene: Scene) -> None:
    trino = next(service for service in scene.services if service.kind == "trino")
    tool(scene.hub.engine.env, "kubectl", "-n", "trino", "delete", trino.target, "--wait")
    done = scene.within("sh -c 'platform-services check trino kafka --json || true'")
    states = {state["name"]: state for state in json.loads(done)}
    assert states["kafka"]["up"]
    assert states["trino"]["why"] in {"the connection is refused.", "no answer within 5 s."}


@dataclass(frozen=True)
class Row:
    """A target as seen from the user's server."""

    what: str
    where: str
    open: bool


def table(rows: list[Row], observed: Mapping[str, str]) -> str:
    """Write expected beside observed."""
    lines = ["| target | address | expected | observed |", "|---|---|---|---|"]
    lines += [
        f"| {row.what} | {row.where} | {'open' if row.open else 'closed'} | {observed[row.where]} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def _granted(scene: Scene) -> Iterator[Row]:
    for service in for_users(settings_of(STACK).services):
        url = urlsplit(service.url)
        stub = " (a stub)" if service.kind in STUBS else ""
        yield Row(f"{service.kind}{stub}", f"{url.hostname}:{url.port}", True)
    yield Row("the hub's API for servers", doors_of(scene.hub)["hub:8081"], True)
    (resolver,) = scene.within("sed -n 's/^nameserver //p' /etc/resolv.conf").split()[:1]
    yield Row("the resolver", f"{resolver}:53", True)


def _denied(scene: Scene) -> Iterator[Row]:
    for service in scene.services:
        yield Row(f"{service.kind}, another port", f"{scene.addresses[service.namespace]}:{BESIDE}", False)
    yield Row("ray's own control", f"{scene.addresses['ray']}:6379", False)
    for port in (8080, BESIDE):
        yield Row("a namespace that no setting names", f"{scene.addresses[ELSEWHERE]}:{port}", False)
    for port in (8000, 8001):
        yield Row("the hub's proxy", doors_of(scene.hub)[f"proxy:{port}"], False)
    for name, where in doors_of(Hub.of_this_machine()).items():
        yield Row(f"another hub's {name}", where, False)
    api = scene.hub.kubectl("get", "endpoints", "-n", "default", "kubernetes", "-o", ADDRESS)
    node = scene.hub.kubectl("get", "nodes", "-o", NODE)
    yield Row("the API server", f"{SERVICES_FIRST}:443", False)
    yield Row("the API server on its machine", api, False)
    yield Row("the kubelet", f"{node}:10250", False)
    yield Row("the node's ingress", f"{node}:{https_port()}", False)
