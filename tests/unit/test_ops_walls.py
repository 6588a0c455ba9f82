"""`ops walls`: what shall be open follows from the settings, and each ending is judged by it."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.kubectl import Json, NoAnswer
from ops.smoke.visit import Visit
from ops.walls.inside import _CODE
from ops.walls.probe import Probe, Wanted, row
from ops.walls.probes import probes
from tests.unit.documents import settings_of
from tests.unit.ops_runs import project_of, ran


def probe(kind: str, wanted: Wanted, place: str = "10.0.0.1:80") -> Probe:
    return Probe(group="g", what="it", kind=kind, place=place, wanted=wanted)  # type: ignore[arg-type]


class Cluster:
    """A cluster of one node, with one Service of others."""

    def items(self, kind: str, selector: str = "") -> list[Json]:
        pods = {"component=hub": "10.1.0.2", "component=proxy": "10.1.0.3"}
        return [_running(pods[selector])] if kind == "pods" and selector in pods else []

    def run(self, *_words: str) -> str:
        service = {
            "metadata": {"name": "tracker", "namespace": "mlops"},
            "spec": {"clusterIP": "10.96.0.9", "ports": [{"port": 80, "protocol": "TCP"}]},
        }
        dns = {
            "metadata": {"name": "dns", "namespace": "kube-system"},
            "spec": {"clusterIP": "10.96.0.10", "ports": [{"port": 53, "protocol": "TCP"}]},
        }
        return json.dumps({"items": [service, dns]})


class Blind(Cluster):
    """A cluster whose other namespaces one may not see."""

    def run(self, *_words: str) -> str:
        raise NoAnswer("get services", "(Forbidden)")


def _running(address: str) -> Json:
    return {
        "metadata": {"name": "p"},
        "status": {"podIP": address, "hostIP": "10.200.0.1", "phase": "Running"},
    }


def found(stack: str, cluster: Cluster, outside: tuple[str, ...] = ()) -> dict[str, Probe]:
    class Looked:
        settings = settings_of(stack)
        live = type("Live", (), {"cluster": cluster})()

        @staticmethod
        def pods() -> list[Json]:
            return [_running("10.1.0.9")]

    visit: Visit = Looked()  # type: ignore[assignment]
    return {f"{one.method} {one.place}": one for one in probes(visit, outside)}


@pytest.mark.parametrize(
    ("kind", "wanted", "observed", "right"),
    [
        ("tcp", Wanted.CLOSED, "no answer", True),
        ("tcp", Wanted.CLOSED, "open", False),
        ("tcp", Wanted.OPEN, "no answer", False),
        ("tcp", Wanted.OPEN, "no name", False),
        ("tcp", Wanted.CLOSED, "no name", True),
        ("hub", Wanted.CLOSED, "403", True),
        ("hub", Wanted.CLOSED, "200", False),
        ("hub", Wanted.CLOSED, "500", False),
        ("hub", Wanted.OPEN, "403", False),
        ("act", Wanted.CLOSED, "open: CAP_NET_ADMIN", False),
        ("act", Wanted.CLOSED, "none", True),
    ],
)
def test_each_ending_is_judged_by_what_was_wanted(
    kind: str, wanted: Wanted, observed: str, right: bool
) -> None:
    assert row(probe(kind, wanted), observed).right is right


def test_what_was_not_tried_proves_nothing() -> None:
    assert row(probe("tcp", Wanted.CLOSED), "not tried").ended is None


def test_the_walls_of_every_stack_have_more_than_25_places() -> None:
    for stack in ("local", "carbon254", "aiv-prod", "lab"):
        kinds = [one for one in found(stack, Cluster()).values() if one.kind != "act"]
        assert len(kinds) > 25, stack


def test_services_that_are_granted_are_open_and_others_are_closed() -> None:
    told = found("carbon254", Cluster())
    granted = [one for one in told.values() if one.group == "granted"]
    assert granted
    assert {one.wanted for one in granted} == {Wanted.OPEN}
    assert told["GET kubernetes.default.svc:443"].wanted is Wanted.CLOSED
    assert found("local", Cluster())["GET tracker.mlops.svc:80"].wanted is Wanted.CLOSED


def test_whoever_may_not_see_other_namespaces_tries_the_rest() -> None:
    assert "GET tracker.mlops.svc:80" not in found("local", Blind())
    assert "GET 10.200.0.1:10250" in found("local", Blind())


def test_an_address_outside_is_closed_by_tcp_and_as_a_resolver() -> None:
    told = found("local", Cluster(), ("[2001:db8::1]:443",))
    assert told["GET [2001:db8::1]:443"].wanted is Wanted.CLOSED
    assert told["GET [2001:db8::1]:53"].kind == "udp"


def test_every_act_that_is_asked_for_is_known_inside() -> None:
    known = set(re.findall(r'^    "([a-z -]+)": ', _CODE, re.MULTILINE))
    asked = {one.place for one in found("local", Cluster()).values() if one.kind == "act"}
    assert asked <= known


def test_the_cell_runs_and_answers_in_order(tmp_path: Path) -> None:
    """By itself, on the loopback: a port that listens, one that does not, and a name of nothing."""
    ast.parse(_CODE)
    places = [
        ("tcp", "127.0.0.1:1"),
        ("tcp", "no-such-name.invalid:80"),
        ("tcp", "192.0.2.1:80"),
        ("act", "user id"),
    ]
    given = {
        "targets": [{"kind": kind, "place": place, "method": "GET"} for kind, place in places],
        "never": ["192.0.2.0/24"],
        "seconds": 2,
    }
    cell = tmp_path / "cell.py"
    cell.write_text(f"import json\nGIVEN = json.loads({json.dumps(given)!r})\n{_CODE}")
    done = subprocess.run([sys.executable, cell], capture_output=True, text=True, check=True)
    refused, unknown, never, user = json.loads(done.stdout)["found"]
    assert refused == "Connection refused"
    assert unknown == "no name"
    assert never == "not tried"
    assert user == ("open: 0" if os.getuid() == 0 else str(os.getuid()))


def test_a_name_is_no_address_outside(tmp_path: Path) -> None:
    said = ran("walls", "local", "--outside", "example.org:443", "--project", project_of(tmp_path), ends=2)
    assert "is no address with a port" in said.output
