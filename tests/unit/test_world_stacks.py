"""What a stack's surroundings keep between two starts, and what their processes are told."""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from embedded.node import addons, outside, pki
from embedded.node.layout import Layout
from embedded.node.processes import Processes
from embedded.paths import Paths
from embedded.world import buckets, services, stacks
from embedded.world.plan import Role
from embedded.world.service import Port, Service, read
from embedded.world.stacks import Stack
from settings.flat import KNOWN, needed
from tests.unit.documents import STACKS, committed, patched, settings_of


@pytest.fixture
def place(tmp_path: Path) -> Layout:
    return Layout(Paths(cache=tmp_path / "cache", state=tmp_path / "state"), tmp_path / "run")


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_gets_the_secrets_that_only_its_surroundings_know(place: Layout, stack: str) -> None:
    """Everything its settings want from Pulumi's config but passwords of a form and certificates."""
    made = stacks.remembered(place.paths, stack, committed(stack)).secrets
    settings = settings_of(stack)
    of_others = {
        "tlsCert",
        "tlsKey",
        "tlsPfx",
        "tlsPfxPassword",
        "sharedPassword",
        "adminPassword",
        "namedSecrets",
    }
    assert set(made) == {row.key for row in needed(settings)} - of_others
    for key, value in made.items():
        assert len(value) >= KNOWN[key].shortest
        assert KNOWN[key].fault(value, settings) is None


def test_secrets_stay_while_the_stack_is_up_and_go_with_it(place: Layout) -> None:
    first = stacks.remembered(place.paths, "carbon254", committed("carbon254"))
    again = stacks.remembered(place.paths, "carbon254", committed("carbon254"))
    assert (again.secrets, again.passwords) == (first.secrets, first.passwords)
    stacks.forget(place.paths, "carbon254")
    assert stacks.known(place.paths) == []
    third = stacks.remembered(place.paths, "carbon254", committed("carbon254"))
    assert not set(third.secrets.values()) & set(first.secrets.values())


def test_a_changed_document_keeps_what_it_still_needs(place: Layout) -> None:
    first = stacks.remembered(place.paths, "carbon254", committed("carbon254"))
    patch: dict[str, Any] = {"ingress": {"tunnel": None}}
    changed = stacks.remembered(place.paths, "carbon254", patched(committed("carbon254"), patch))
    assert changed.secrets == {key: value for key, value in first.secrets.items() if key != "tunnelToken"}


def test_nobody_else_reads_the_secrets(place: Layout) -> None:
    stacks.remembered(place.paths, "lab", committed("lab"))
    (file,) = stacks.folder(place.paths).rglob("*.json")
    assert file.stat().st_mode & 0o077 == 0
    assert stacks.folder(place.paths).stat().st_mode & 0o077 == 0
    (stack,) = stacks.known(place.paths)
    for secret in (*stack.secrets.values(), *stack.passwords.values()):
        assert secret not in repr(stack)
        assert secret not in repr(stack.users)


def test_a_half_written_stack_is_as_good_as_none(place: Layout) -> None:
    stacks.remembered(place.paths, "lab", committed("lab"))
    (file,) = stacks.folder(place.paths).rglob("*.json")
    file.write_text(file.read_text()[:100])
    assert stacks.known(place.paths) == []
    assert stacks.remembered(place.paths, "lab", committed("lab")).secrets


def test_a_tunnel_token_carries_account_tunnel_and_secret() -> None:
    parts = json.loads(base64.b64decode(stacks.tunnel_token(), validate=True))
    assert set(parts) == {"a", "t", "s"}


# What the processes are told.


@pytest.fixture(autouse=True)
def _no_gateway_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "program", lambda _: "/the/gateway")


def told(place: Layout, *names: str) -> dict[Role, Service]:
    wanted = [stacks.remembered(place.paths, name, committed(name)) for name in names]
    wanted = [
        dataclasses.replace(stack, database=("10.96.7.7", 5432))
        if "databasePassword" in stack.secrets
        else stack
        for stack in wanted
    ]
    pki.ensure(place.paths.pki)
    processes = Processes(place.records, place.paths.logs, "a mark")
    specs = services.specs(place, processes, wanted)
    files: list[Path] = [Path(spec.argv[-1]) for spec in specs]
    return {role: read(file) for role in services.ROLES for file in files if file.stem == role}


def test_stacks_share_what_both_need(place: Layout) -> None:
    found = told(place, "aiv-prod", "aiv-staging")
    clients = {entry["client_id"] for entry in found["identity"].facts["applications"]}
    assert len(clients) == 2
    assert len([port for port in found["identity"].ports if not port.door]) == 1
    assert found["relay"].facts["targets"] == {
        "10.50.30.4:5432": ["10.96.7.7", 5432],
        "10.50.30.20:5432": ["10.96.7.7", 5432],
    }
    assert "edge" not in found


def test_stacks_that_claim_buckets_share_a_gateway(place: Layout) -> None:
    wanted = [stacks.remembered(place.paths, name, committed(name)) for name in ("aiv-prod", "aiv-staging")]
    pki.ensure(place.paths.pki)
    processes = Processes(place.records, place.paths.logs, "a mark")
    (spec,) = [one for one in services.specs(place, processes, wanted) if one.name == buckets.NAME]
    assert spec.argv[:3] == ("nsenter", f"--net={outside.namespace(place)}", "/the/gateway")
    assert spec.argv.count("--port") == 1
    (folder,) = place.state.glob("buckets/data")
    assert str(folder) == spec.argv[-1]
    told = buckets.gateway(place, wanted[0].plan.of("buckets"))
    assert told
    assert told["address"] == f"https://{spec.argv[spec.argv.index('--port') + 1]}"
    assert spec.env["ROOT_SECRET_ACCESS_KEY"] == told["password"]
    assert told["password"] not in " ".join(spec.argv)
    # Their data goes when nobody claims any more.
    assert buckets.spec(place, []) is None
    assert not folder.exists()


def test_a_stack_of_the_cluster_alone_starts_nothing(place: Layout) -> None:
    assert told(place, "local", "iav-test") == {}


def test_two_tunnels_share_the_edge_with_a_token_each(place: Layout) -> None:
    tunnels = told(place, "lab", "carbon254")["edge"].facts["tunnels"]
    assert {entry["host"] for entry in tunnels} == {"jupyterhub.yourcompany.com", "jupyter.254carbon.com"}
    assert len({entry["token"] for entry in tunnels}) == 2


def test_the_proxy_knows_every_name_of_the_plan_and_its_port(place: Layout) -> None:
    known = told(place, "aiv-prod")["proxy"].facts["known"]
    assert known["login.microsoftonline.com:443"] == ["192.88.99.1", 443]
    assert known["postgres.aiv.internal:5432"] == ["10.50.30.4", 5432]


def test_only_doors_are_on_the_machine_s_loopback(place: Layout) -> None:
    for service in told(place, "aiv-prod", "carbon254").values():
        assert service.namespace == outside.namespace(place)
        for port in service.ports:
            assert port.door == (port.address == "127.0.0.1")


def test_a_taken_door_is_moved_and_stays_moved(place: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        usual = somebody.getsockname()[1]
        monkeypatch.setitem(services.DOORS, "identity", usual)
        (moved,) = (port.port for port in told(place, "lab")["identity"].ports if port.door)
    assert moved != usual
    assert services.door(place, "identity") == moved


def test_without_its_database_there_is_no_relay(place: Layout) -> None:
    stack = stacks.remembered(place.paths, "aiv-prod", committed("aiv-prod"))
    pki.ensure(place.paths.pki)
    processes = Processes(place.records, place.paths.logs, "a mark")
    names = {spec.name for spec in services.specs(place, processes, [stack])}
    assert services.name("relay") not in names
    assert services.name("identity") in names


# How the node knows of them.


def test_dns_asks_the_played_names_first(place: Layout) -> None:
    text = addons.corefile(place)
    assert text.index(f"hosts {addons.hosts_file(place)}") < text.index("kubernetes ")
    assert "fallthrough" in text


def test_entering_nothing_stays_here() -> None:
    with outside.entered(None), socket.socket() as probe:
        assert probe.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM


def test_a_service_repeats_nothing_secret() -> None:
    made = Stack("a", {}, {"tunnelToken": "not-to-be-shown"}, {"member": "not-to-be-shown"})
    assert "not-to-be-shown" not in repr(made)
    assert "not-to-be-shown" not in repr(
        Service((Port("127.0.0.1", 1),), facts={"tunnels": [{"token": "not-to-be-shown"}]})
    )
