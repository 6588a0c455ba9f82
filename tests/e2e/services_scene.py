"""254Carbon as it is committed, the platform's services beside it, and people whose servers run."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from embedded import images, world
from embedded.node import company
from embedded.node.layout import layout
from embedded.node.runtime import forget, load_images, present
from embedded.paths import find
from embedded.report import doors
from embedded.stacks import SETTINGS
from embedded.world import User
from embedded.world.others import kept_by_others
from settings import Settings
from tests.e2e.browser import browser_page
from tests.e2e.hub import Hub, https_port, make, tool
from tests.e2e.services_running import Running, running
from tests.e2e.services_world import ELSEWHERE, Served, served
from tests.e2e.visit import sign_in_at_provider, start_server
from tests.unit.documents import committed, settings_of

STACK = "carbon254"
LONGEST = 400
"""Seconds that a command in a server may take."""
_GOING = 60.0


@dataclass(frozen=True)
class Server:
    """Somebody's server that runs."""

    hub: Hub
    pod: str

    def run(self, command: str, *, check: bool = True) -> str:
        """Run a command in it, as its owner does in a terminal, and give what it printed."""
        whole = ("timeout", str(LONGEST), "sh", "-c", command)
        return self.hub.kubectl("exec", self.pod, "-c", "notebook", "--", *whole, check=check)

    @property
    def address(self) -> str:
        """Its pod's."""
        return self.hub.kubectl("get", "pod", self.pod, "-o", "jsonpath={.status.podIP}")


@dataclass(frozen=True)
class Scene:
    """The stack, the services around it, and a server of somebody who was granted all of them."""

    hub: Hub
    people: tuple[User, ...]
    """Members whom the stack lets in; the first has the server."""
    running: Running
    server: Server

    @property
    def services(self) -> list[Served]:
        """The services themselves, without the listener that no setting names."""
        return [one for one in self.running.services if one.namespace != ELSEWHERE]


@contextmanager
def scene(home: Path) -> Iterator[Scene]:
    """Bring all of it up, and take it away."""
    built = images.ensure(find(), extra=("services",))
    image = built["services"]
    settings, document = settings_of(STACK), committed(STACK)
    kept = {one["metadata"]["name"]: _opened(one["data"]) for one in kept_by_others(document, "", "")}
    store = settings.storage.object_store
    assert store is not None
    elsewhere = "exec python3 -m http.server 8080"
    with ExitStack() as stack:
        stack.callback(_forgotten, image.ref)
        stack.callback(_taken_away)
        with ThreadPoolExecutor() as pool:
            deployed = pool.submit(_deployed, kept["jupyter-postgresql"], home)
            load_images(layout(find()), {"services": image})
            services = [
                *served(image.ref, built["notebook"].ref, kept["jupyter-minio"], "jupyter"),
                Served(ELSEWHERE, ELSEWHERE, ELSEWHERE, 8080, image.ref, elsewhere, guarded=False),
            ]
            around = stack.enter_context(_around(settings, services))
            hub, people, server = deployed.result()
        yield Scene(hub, people, around, server)


def _around(settings: Settings, services: list[Served]) -> AbstractContextManager[Running]:
    env = Hub.of_this_machine().engine.env
    return running(env, services, settings.namespace.name, settings.hub.release)


def _opened(data: Mapping[str, str]) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def _deployed(login: Mapping[str, str], home: Path) -> tuple[Hub, tuple[User, ...], Server]:
    done = make("up", STACK=STACK)
    assert done.returncode == 0, done.stdout + done.stderr
    hub = Hub.of_this_machine(STACK)
    _role(hub, login)
    people = tuple(user for user in world.known(find(), STACK).users if user.may and not user.admin)
    return hub, people, started(hub, people[0], home)


def _forgotten(ref: str) -> None:
    """Take an image off the node; what ran from it may still be on its way out."""
    end = time.monotonic() + _GOING
    while ref in present(layout(find())) and time.monotonic() < end:
        forget(layout(find()), {ref})
        time.sleep(1)


def _taken_away() -> None:
    done = make("destroy", STACK=STACK, YES="1")
    assert done.returncode == 0, done.stdout + done.stderr


def started(hub: Hub, user: User, home: Path) -> Server:
    """Let somebody sign in at the provider and start their server."""
    authorities = [hub.authority, company.root(find().pki).certificate]
    places = doors(hub.url, https_port(), world.known(find(), STACK))
    with browser_page(home, authorities, places) as page:
        sign_in_at_provider(page, hub, user.name, user.password)
        page.wait_for_url(f"{hub.url}/hub/spawn**")
        start_server(page)
    pods = json.loads(hub.kubectl("get", "pods", "-l", "component=singleuser-server", "-o", "json"))
    (name,) = (
        pod["metadata"]["name"]
        for pod in pods["items"]
        if pod["metadata"]["annotations"]["hub.jupyter.org/username"] == user.hub_name
    )
    return Server(hub, name)


def regranted(hub: Hub, everyone: Collection[str]) -> None:
    """Give everyone these services alone, and administrators all: another row in the settings, and `up`."""
    whole = yaml.safe_load(hub.engine.config_file.read_text())
    rows = whole["config"][SETTINGS]["capabilities"]
    rows["everyone"]["services"] = list(everyone)
    rows["admins"]["services"] = ["all"]
    hub.engine.config_file.write_text(yaml.safe_dump(whole, sort_keys=False))
    done = hub.engine.attempt("up", "--yes", "--skip-preview")
    assert done.returncode == 0, done.stdout + done.stderr


def _role(hub: Hub, login: Mapping[str, str]) -> None:
    """Make the notebooks' role and database in the server that the hub's is in, as its owner is asked to."""
    data = "/var/lib/postgresql/data/cluster"
    role, database = login["PGUSER"], login["PGDATABASE"]
    script = f"""
    set -eu
    cp {data}/pg_hba.conf /tmp/pg_hba.conf
    (echo 'hostssl all postgres 127.0.0.1/32 trust'; cat /tmp/pg_hba.conf) > {data}/pg_hba.conf
    pg_ctl reload -D {data} >/dev/null; sleep 1
    psql 'host=127.0.0.1 user=postgres dbname=postgres sslmode=require' -v ON_ERROR_STOP=1 -q <<'END'
    CREATE ROLE {role} LOGIN PASSWORD '{login["PGPASSWORD"]}';
    CREATE DATABASE {database} OWNER {role};
    REVOKE CONNECT ON DATABASE jupyterhub FROM PUBLIC;
END
    cat /tmp/pg_hba.conf > {data}/pg_hba.conf
    pg_ctl reload -D {data} >/dev/null
    """
    tool(
        hub.engine.env,
        "kubectl",
        "-n",
        "postgresql",
        "exec",
        "-i",
        "deployment/postgresql",
        "--",
        "sh",
        given=script,
    )
