"""A port that somebody holds is found before anything starts, with its holder and the way out."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterator

import pytest

from embedded.fault import Fault
from embedded.node import ports
from embedded.node.layout import NODE_IP, Options
from embedded.node.ports import Listener, Need

HTTPS = "HTTPS_PORT"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_a_taken_port_is_refused_with_holder_and_remedy(taken: int) -> None:
    need = Need("127.0.0.1", taken, "the ingress controller", HTTPS)
    with pytest.raises(Fault, match=f"Port {taken}, which the ingress controller needs") as told:
        ports.check([need], ours=list)
    assert f"process {os.getpid()} (" in told.value.what
    assert "Nothing was started" in told.value.follows
    another = re.search(rf"{HTTPS}=(\d+) make up", told.value.remedy)
    assert another
    ports.check([Need("127.0.0.1", int(another[1]), "the ingress controller", HTTPS)], ours=list)


def test_a_port_that_cannot_be_moved_offers_no_variable(taken: int) -> None:
    with pytest.raises(Fault) as told:
        ports.check([Need("127.0.0.1", taken, "the kubelet")], ours=list)
    assert "make up" not in told.value.remedy
    assert f"kill {os.getpid()}" in told.value.remedy


def test_the_nodes_own_processes_do_not_stand_in_its_way(taken: int) -> None:
    ports.check([Need("127.0.0.1", taken, "the kubelet")], ours=lambda: [os.getpid()])


def test_a_socket_whose_holder_is_dying_is_waited_for(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    need, seen = Need("127.0.0.1", taken, "the kubelet"), iter(range(3))
    full = list(ports.listeners())
    monkeypatch.setattr(ports, "listeners", lambda: full if next(seen, None) is not None else [])
    monkeypatch.setattr(ports, "holder", lambda _: None)
    ports.check([need], ours=list)
    assert next(seen, None) is None, "it was not looked at again"


def test_a_socket_of_another_user_is_refused_in_the_end(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "holder", lambda _: None)
    monkeypatch.setattr(ports, "DYING", 0.1)
    with pytest.raises(Fault, match="taken by a process of another user"):
        ports.check([Need("127.0.0.1", taken, "the kubelet")], ours=list)


def test_a_free_port_is_not_refused() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    ports.check([Need("127.0.0.1", free, "the kubelet")], ours=list)


@pytest.mark.parametrize(
    ("address", "clash"),
    [("127.0.0.1", True), ("0.0.0.0", True), ("::", True), ("10.9.9.9", False), ("::1", False)],  # noqa: S104
)
def test_only_the_same_address_or_all_of_them_clash(address: str, clash: bool) -> None:
    need = Need("127.0.0.1", 8443, "the ingress controller")
    assert ports.clashes(need, Listener(address, 8443, 1)) is clash
    assert not ports.clashes(need, Listener(address, 8444, 1))


@pytest.mark.parametrize("options", [Options(), Options(pods=False)])
def test_nothing_listens_on_an_outside_interface(options: Options) -> None:
    assert {need.address for need in ports.needs(options)} <= {"127.0.0.1", NODE_IP}


def test_a_port_that_answers_without_a_listener_of_its_own_is_refused(taken: int) -> None:
    with pytest.raises(Fault, match=f"Port {taken}, .* answers already") as told:
        ports.check_redirected(taken)
    assert "API_PORT=" in told.value.remedy


def test_a_control_plane_alone_needs_one_port() -> None:
    assert [(need.address, need.port) for need in ports.needs(Options(api_port=7000, pods=False))] == [
        ("127.0.0.1", 7000)
    ]
