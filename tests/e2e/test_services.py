"""Platform services of 254Carbon from users' own servers: data go there and back, nothing else is reached.

Real: PostgreSQL, S3 (Versity's gateway), Kafka, MLflow, Ray. Stubs: Trino, DataHub. What was tried, expected
and observed is printed, kept among the artefacts, and held against docs/services-tried.md.
"""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rich.console import Console

from settings.services import for_users, name_of
from tests.e2e.hub import tool
from tests.e2e.probe import SCRIPT, reached
from tests.e2e.services_page import AGAIN, came_back, kept, quoted, written
from tests.e2e.services_rows import STUBS, Row, Tried, markdown, shown, tried
from tests.e2e.services_scene import STACK, Scene, Server, regranted, scene, started
from tests.e2e.services_targets import closed, deaf, needed, neighbour, outside, services_of
from tests.e2e.services_world import ELSEWHERE
from tests.unit.documents import settings_of

# Asked for by name: its services take 3 GiB and some minutes beside everything else that runs on the node.
ASKED = "SERVICES"
pytestmark = [
    pytest.mark.node,
    pytest.mark.skipif(ASKED not in os.environ, reason=f"{ASKED}=1 starts the platform's services as well"),
]

EXAMPLES = "/opt/notebook/share/examples/services"
# What each example prints once its data came back.
SAID = {
    "postgresql": ("hello from a notebook", "'notebooks'", "six times seven: 42"),
    "minio": ("hello from a notebook", "sum of x: 6"),
    "kafka": ("not delivered: 0", "hello from a notebook"),
    "mlflow": ("accuracy: 0.75 depth: 3", "hello from a notebook"),
    "ray": ("squares: [0, 1, 4, 9, 16]",),
    "trino": ("a stub, no Trino",),
    "datahub": ("'version': 'stub'",),
}
ALL = tuple(name_of(service) for service in for_users(settings_of(STACK).services))
SOME = ("trino", "minio", "mlflow", "datahub")
NOT_GRANTED = tuple(name for name in ALL if name not in SOME)
AT_ONCE = 3
GONE = "NotReachable: trino at trino.trino:8080: no answer within 5 s."
READ = (
    "import json, sys; "
    "cells = json.load(sys.stdin)['cells']; "
    "print(''.join(''.join(o.get('text', o.get('data', {}).get('text/plain', ''))) "
    "for c in cells if c['cell_type'] == 'code' for o in c['outputs']))"
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with scene(tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture(scope="module")
def said(stage: Scene) -> dict[str, str]:
    """What each example printed in the user's server."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(SAID, pool.map(lambda kind: _example(stage.server, kind), SAID), strict=True))


@pytest.fixture(scope="module")
def other(stage: Scene, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server of somebody whose groups give some of the services: the stack's rows were changed."""
    regranted(stage.hub, SOME)
    return started(stage.hub, stage.people[1], tmp_path_factory.mktemp("other"))


@pytest.fixture(scope="module")
def shut(stage: Scene) -> list[Row]:
    """What is closed to everybody."""
    return list(closed(stage))


@pytest.fixture(scope="module")
def by_member(stage: Scene, shut: list[Row]) -> list[Tried]:
    """What came of each target for somebody with every service."""
    return dialled(stage.server, [*services_of(ALL), *needed(stage), *outside(), *shut])


@pytest.fixture(scope="module")
def by_other(stage: Scene, shut: list[Row], other: Server) -> list[Tried]:
    """The same for somebody with some of them."""
    rows = [*services_of(SOME), *needed(stage), *outside(), *shut, neighbour(stage.server)]
    return dialled(other, rows)


@pytest.fixture(scope="module")
def words() -> dict[str, str]:
    """What the client said when something was wrong, by what was wrong."""
    return {}


def _example(server: Server, kind: str) -> str:
    run = f"jupyter nbconvert --log-level=ERROR --to notebook --execute --stdout {EXAMPLES}/{kind}.ipynb"
    return server.run(f"{run} | python3 -c {shlex.quote(READ)}", check=False)


def dialled(server: Server, rows: list[Row]) -> list[Tried]:
    """Try all of them from somebody's server."""
    where = " ".join(row.where for row in rows)
    return tried(rows, server.run(f"python3 -c {shlex.quote(SCRIPT)} {where}"))


def test_every_service_is_up_as_the_client_sees_it(stage: Scene) -> None:
    assert stage.running.faults == {}
    states = json.loads(stage.server.run("platform-services check --timeout 20 --json"))
    assert {state["name"] for state in states} == set(ALL)
    assert [state for state in states if not (state["granted"] and state["up"])] == []


@pytest.mark.parametrize("kind", SAID)
def test_data_go_there_and_back_by_the_example(said: dict[str, str], kind: str, artifacts: Path) -> None:
    (artifacts / f"service-{kind}.txt").write_text(("STUB\n" if kind in STUBS else "") + said[kind])
    assert _lacking(kind, said[kind]) == [], said[kind]


def test_the_role_of_notebooks_does_not_get_into_the_hub_s_database(stage: Scene) -> None:
    told = _error(stage.server, "connect('postgresql', dbname='jupyterhub')")
    assert "permission denied for database" in told


def test_a_wrong_password_is_refused_in_plain_words_and_is_not_shown(
    stage: Scene, words: dict[str, str]
) -> None:
    told = _error(stage.server, "connect('postgresql', password='not-the-password')")
    words["The password is wrong"] = told
    assert told.startswith("CredentialsRefused: ")
    assert "not-the-password" not in told


def test_only_what_was_granted_is_reached_at_exactly_its_port(
    shut: list[Row], by_member: list[Tried]
) -> None:
    assert deaf(shut) == [], "that it is closed proves nothing where nothing listens"
    assert [one for one in by_member if not one.right] == []
    assert len(by_member) >= 25
    assert {one.row.place for one in by_member if one.row.open} >= {row.place for row in services_of(ALL)}


def test_the_owners_policies_let_nobody_else_in(stage: Scene) -> None:
    at = [(f"{stage.running.address(one.namespace)}:{one.port}", one.guarded) for one in stage.services]
    unguarded = {where for where, guarded in at if not guarded}
    assert len(at) > len(unguarded)
    assert reached(stage.hub, ELSEWHERE, {"app": "somebody"}, [where for where, _ in at]) == unguarded


def test_whoever_was_not_granted_a_service_has_no_way_to_it(stage: Scene, by_other: list[Tried]) -> None:
    assert deaf([neighbour(stage.server)]) == []
    assert [one for one in by_other if not one.right] == []
    assert len(by_other) >= 25


@pytest.mark.parametrize("name", NOT_GRANTED)
def test_whoever_was_not_granted_a_service_is_told_so(
    other: Server, name: str, words: dict[str, str]
) -> None:
    told = words["It was not granted"] = _error(other, f"connect({name!r})")
    assert told.startswith(f"NotGranted: {name} ")
    assert f"You have: {', '.join(SOME)}." in told
    assert "for membership of admins" in told


def test_an_example_runs_to_its_end_where_its_service_was_not_granted(other: Server) -> None:
    assert "This server has no way to it" in _example(other, NOT_GRANTED[0])


def test_nothing_of_a_service_that_was_not_granted_is_in_the_environment(stage: Scene, other: Server) -> None:
    theirs, mine = (
        {line.partition("=")[0] for line in server.run("env").splitlines()}
        for server in (stage.server, other)
    )
    told = {name for name in theirs if name.startswith(("PG", "KAFKA_", "RAY_ADDRESS"))}
    assert {"PGPASSWORD", "KAFKA_BOOTSTRAP_SERVERS", "RAY_ADDRESS"} <= told
    assert mine & told == set()


def test_a_service_that_went_down_is_told_from_one_that_is_closed(
    stage: Scene, words: dict[str, str], by_other: list[Tried]
) -> None:
    assert by_other, "it was up for the table"
    trino = next(one for one in stage.services if one.kind == "trino")
    tool(stage.hub.engine.env, "kubectl", "-n", "trino", "delete", trino.target, "--wait")
    told = words["It is not up"] = _error(stage.server, "connect('trino')")
    # Refused for a moment; once the Service leads nowhere, packets to it are on no list and are dropped.
    assert told.startswith(("NotReachable: trino at trino.trino:8080: the connection is refused.", GONE))


def test_the_page_says_what_was_tried(
    by_member: list[Tried],
    by_other: list[Tried],
    said: dict[str, str],
    words: dict[str, str],
    artifacts: Path,
) -> None:
    columns = {"every service granted": by_member, f"{len(SOME)} of {len(ALL)} granted": by_other}
    Console(width=160).print(shown(columns))
    text = markdown(columns)
    (artifacts / f"services-{STACK}.md").write_text(written(text))
    what = came_back(SAID, {kind for kind in SAID if _lacking(kind, said[kind])})
    assert kept("what ran", what) == written(what), AGAIN
    assert kept("targets", text) == written(text), AGAIN
    kept("words", quoted(words))  # what they say is asserted where they are said


def _lacking(kind: str, said: str) -> list[str]:
    return [words for words in SAID[kind] if words not in said]


def _error(server: Server, call: str) -> str:
    """Let a call of the client fail in somebody's server; give the error's name and words."""
    code = (
        "import platform_services as s\n"
        f"try:\n    s.{call}\n"
        "except s.PlatformServiceError as error:\n    print(f'{type(error).__name__}: {error}')"
    )
    return server.run(f"python3 -c {shlex.quote(code)} 2>&1").strip()
