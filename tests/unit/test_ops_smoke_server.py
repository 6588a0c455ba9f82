"""What `ops smoke` does inside of a server: cells through a websocket, connections out of it, a GPU."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from ops.kubectl import Json
from ops.smoke import channel, dialled, kernel, network_checks, server_checks
from ops.smoke import gpu as gpu_check
from ops.smoke.dialled import End
from ops.smoke.hub import Hub
from ops.smoke.outcome import Failed, Skipped
from ops.smoke.targets import Target, denied, granted, opened_by
from ops.smoke.visit import Visit
from ops.smoke.way import Unreachable
from settings import Settings
from settings.smoke import USER
from tests.unit.documents import committed, settings, settings_of
from tests.unit.loopback import Reply
from tests.unit.smoke_world import TOKEN, Pretended, named, of_user, pretended, said, visit_of

MADE = ("POST", f"/user/{USER}/api/kernels")


def told(parent: Json, kind: str, **content: object) -> str:
    header = {"msg_type": kind}
    return json.dumps({"header": header, "parent_header": parent["header"], "content": content})


def answers(*texts: str, error: str = "", ends: bool = True) -> Callable[[ServerConnection], None]:
    """A kernel that writes texts, or raises, for each cell."""

    def handled(served: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for message in served:
                cell = json.loads(message)
                served.send(
                    told({"header": {"msg_id": "another's"}}, "stream", name="stdout", text="not ours")
                )
                for text in texts:
                    served.send(told(cell, "stream", name="stdout", text=text))
                served.send(told(cell, "stream", name="stderr", text="a warning"))
                if error:
                    served.send(told(cell, "error", ename="NameError", evalue=error))
                if ends:
                    served.send(told(cell, "execute_reply", status="ok"))
                    served.send(told(cell, "status", execution_state="idle"))

    return handled


@contextmanager
def channelled(handled: Callable[[ServerConnection], None]) -> Iterator[tuple[Visit, list[str]]]:
    """A hub whose kernels' websockets really are some; what they were asked with."""
    asked: list[str] = []

    def noted(served: ServerConnection) -> None:
        assert served.request
        asked.append(f"{served.request.path.split('?')[0]} {served.request.headers['Authorization']}")
        handled(served)

    with pretended() as hub, serve(noted, "127.0.0.1", 0) as listening:
        hub.replies[MADE] = said({"id": "k-1"}, 201)
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        visit = visit_of(hub)
        # Plain requests go to one port of the loopback, the websocket to the other.
        port = listening.socket.getsockname()[1]
        object.__setattr__(
            visit.way, "plain", lambda _=None, way=visit.way: socket.create_connection(("127.0.0.1", port))
        )
        pages = Hub(visit_of(hub).way, TOKEN)
        object.__setattr__(visit.hub, "server", pages.server)
        try:
            yield visit, asked
        finally:
            listening.shutdown()
            thread.join()


def at_a_host_of_its_own(hub: Pretended, url: str) -> Hub:
    """A hub that says so of the server of our user."""
    hub.replies["GET", f"/hub/api/users/{USER}"] = said({"servers": {"": {"ready": True, "url": url}}})
    hub.replies["GET", f"/user/{USER}/api/status"] = said({"connections": 3})
    return visit_of(hub, settings=settings({"ingress": {"userSubdomains": True}})).hub


def test_a_server_at_a_host_of_its_own_is_asked_there() -> None:
    with pretended() as hub:
        own = at_a_host_of_its_own(hub, f"https://u-opssmoke--1.jupyterhub.localhost:8443/user/{USER}/")
        assert own.connections() == 3
        (asked,) = [one for one in hub.asked if one[1].startswith("/user/")]
        assert own.door().url == "http://u-opssmoke--1.jupyterhub.localhost", "by the settings' scheme"
    assert asked[2]["Host"] == "u-opssmoke--1.jupyterhub.localhost"


@pytest.mark.parametrize("host", ["example.org", "jupyterhub.localhost.example.org", "xjupyterhub.localhost"])
def test_the_token_goes_to_no_host_but_those_of_the_settings(host: str) -> None:
    with pretended() as hub:
        own = at_a_host_of_its_own(hub, f"https://{host}/user/{USER}/")
        with pytest.raises(Failed, match=f"servers are at {host}"):
            own.server("GET", "/api/status")
        assert [one[1] for one in hub.asked] == [f"/hub/api/users/{USER}"]


def test_without_such_hosts_the_hub_is_not_asked_where_a_server_is() -> None:
    with pretended() as hub:
        visit_of(hub).hub.connections()
        assert [one[1] for one in hub.asked] == [f"/user/{USER}/api/status"]


def test_a_cell_runs_and_what_it_wrote_comes_back() -> None:
    with channelled(answers("6 * 7 ", "= 42\n")) as (visit, asked), kernel.kernel(visit.hub) as running:
        assert running.run("print()") == "6 * 7 = 42\n"
        assert running.run("print()") == "6 * 7 = 42\n", "the next cell is another one"
    assert asked == [f"/user/{USER}/api/kernels/k-1/channels token {TOKEN}"]


def test_a_cell_that_raises_fails_with_its_words() -> None:
    with (
        channelled(answers(error="name 'x' is not defined")) as (visit, _),
        pytest.raises(Failed, match="NameError: name 'x' is not defined"),
    ):
        server_checks.said_by(visit.hub, "x")


def test_a_cell_that_never_ends_and_a_kernel_that_dies_fail() -> None:
    with (
        channelled(answers(ends=False)) as (visit, _),
        kernel.kernel(visit.hub) as running,
        pytest.raises(kernel.CellFailed, match="in time"),
    ):
        running.run("while True: pass", seconds=0.3)
    with (
        channelled(lambda served: served.close()) as (visit, _),
        pytest.raises(Failed, match="broke off"),
    ):
        server_checks.said_by(visit.hub, "exit()")


def in_pieces(served: ServerConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        for message in served:
            cell = json.loads(message)
            whole = told(cell, "stream", name="stdout", text="in pieces")
            served.ping()
            served.send([whole[:20], whole[20:40], whole[40:]])
            served.send(b"buffers of a widget")
            served.send(told(cell, "execute_reply", status="ok"))
            served.send(told(cell, "status", execution_state="idle"))


def test_messages_in_pieces_and_those_that_are_no_text_are_heard() -> None:
    with channelled(in_pieces) as (visit, _), kernel.kernel(visit.hub) as running:
        assert running.run("print()") == "in pieces"


def test_a_websocket_that_never_opens_ends_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connected = socket.create_connection(silent.getsockname())
        with pytest.raises(TimeoutError):
            channel.Channel(connected, "ws://hub.example.org/", {})
        assert connected.fileno() < 0, "nothing is left open"


@pytest.mark.parametrize("text", ["", "no json\n", "[1]\n"])
def test_a_cell_that_writes_something_else_fails(text: str) -> None:
    with channelled(answers(text)) as (visit, _), pytest.raises(Failed, match="something else"):
        server_checks.said_by(visit.hub, "print()")


def test_a_cell_that_computes_something_else_fails() -> None:
    with (
        channelled(answers('{"product": 41, "place": "/home"}\n')) as (visit, _),
        pytest.raises(Failed, match="computed something else"),
    ):
        server_checks.cell(visit)


def test_a_server_without_kernels_or_websockets_fails() -> None:
    with pretended() as hub:
        with pytest.raises(Failed, match="starts no kernel: 404"):
            server_checks.said_by(visit_of(hub).hub, "1")
        hub.replies[MADE] = said({"id": "k-1"}, 201)
        with pytest.raises(Failed, match=r"no websocket to the kernel .* answers 404"):
            server_checks.said_by(visit_of(hub).hub, "1")
        assert hub.asked_for("DELETE", f"/user/{USER}/api/kernels/k-1")
        gone = visit_of(hub)
    with pytest.raises(Unreachable):
        server_checks.said_by(gone.hub, "1")


def in_this_process(_: Hub, code: str, __: float = 0) -> Json:
    """Run a cell here: its code is for any Python."""
    written = io.StringIO()
    with contextlib.redirect_stdout(written):
        exec(code, {})  # noqa: S102 -- our own cell
    found: Json = json.loads(written.getvalue())
    return found


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (dialled, server_checks, gpu_check):
        monkeypatch.setattr(module, "said_by", in_this_process)


@pytest.fixture
def open_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def proxy_that_says(status: bytes) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve_one() -> None:
            with contextlib.suppress(OSError):
                channel, _ = listening.accept()
                assert channel.recv(200).startswith(b"CONNECT s3.example.org:443 HTTP/1.1\r\n")
                channel.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
                channel.close()

        thread = threading.Thread(target=serve_one)
        thread.start()
        yield int(listening.getsockname()[1])
        thread.join()


@pytest.mark.usefixtures("here")
def test_connections_are_told_by_how_they_end(open_port: int, closed_port: int) -> None:
    targets = [
        Target("open", "127.0.0.1", open_port),
        Target("closed", "127.0.0.1", closed_port),
        Target("no name", "no-such-name.invalid", 443),
        Target("never", "127.0.0.2", open_port),
    ]
    found = dialled.dialled(visit_of(None).hub, targets, ["127.0.0.2/32"])
    assert [one.end for one in found] == [End.OPEN, End.REFUSED, End.UNKNOWN, End.NOT_TRIED]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("status", "end"), [(b"200 OK", End.OPEN), (b"403 Forbidden", End.REFUSED)])
def test_through_a_proxy_it_is_the_proxy_s_word_that_counts(status: bytes, end: End) -> None:
    for port in proxy_that_says(status):
        targets = [Target("store", "s3.example.org", 443, ("127.0.0.1", port))]
        assert [one.end for one in dialled.dialled(visit_of(None).hub, targets, ())] == [end]


Ends = dict[str, tuple[End, str]]


def dialling(monkeypatch: pytest.MonkeyPatch, ends: Ends) -> list[Target]:
    """Let each target end as is said here by its name, else be refused at an address of documentation."""
    asked: list[Target] = []

    def dial(_: Hub, targets: list[Target], __: object) -> list[dialled.Dialled]:
        asked.extend(targets)
        return [dialled.Dialled(one, *ends.get(one.what, (End.REFUSED, "192.0.2.7"))) for one in targets]

    monkeypatch.setattr(network_checks, "dialled", dial)
    return asked


HUB_OPEN: Ends = {"the hub, by its name": (End.OPEN, "10.0.0.1")}


def test_refusals_count_where_the_hub_is_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    dialling(monkeypatch, HUB_OPEN | {"the cloud's metadata": (End.SILENT, "169.254.169.254")})
    assert (
        "refused: the API server, the proxy's API, the cloud's metadata"
        in network_checks.egress(visit_of(None)).words
    )
    dialling(monkeypatch, {})
    with pytest.raises(Failed, match="not reached, and it must be: the hub"):
        network_checks.egress(visit_of(None))


@pytest.mark.parametrize("what", ["the API server", "the proxy's API", "the cloud's metadata"])
def test_whatever_is_reached_and_must_not_be_fails(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    dialling(monkeypatch, HUB_OPEN | {what: (End.OPEN, "169.254.169.254")})
    with pytest.raises(Failed, match=f"must not be: {what}"):
        network_checks.egress(visit_of(None))


def test_what_was_not_tried_is_a_remark_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    dialling(
        monkeypatch,
        HUB_OPEN
        | {"the cloud's metadata": (End.NOT_TRIED, "169.254.169.254"), "the proxy's API": (End.UNKNOWN, "")},
    )
    seen = network_checks.egress(visit_of(None))
    assert "metadata" not in seen.words
    assert any("--not-to" in one for one in seen.remarks)
    assert any("its name is not known" in one for one in seen.remarks)


def opened() -> Settings:
    """Settings that let notebooks reach the hub's database."""
    way = {"name": "database", "reach": {"cidrs": ["10.50.30.0/28"], "ports": [5432]}}
    return settings_of("aiv-prod", {"network": {"userEgress": [way]}})


def test_what_the_settings_open_is_a_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = HUB_OPEN | {"the hub's database": (End.OPEN, "10.50.30.4")}
    dialling(monkeypatch, ends)
    seen = network_checks.egress(visit_of(None, settings=opened()))
    assert any("settings.network.userEgress[0].reach grants" in one for one in seen.remarks)
    dialling(monkeypatch, ends)
    with pytest.raises(Failed, match="must not be: the hub's database"):
        network_checks.egress(visit_of(None, settings=settings_of("aiv-prod")))


def test_a_setting_opens_its_own_ports_and_addresses() -> None:
    assert opened_by(opened(), Target("it", "it", 5432), "10.50.30.4")
    assert not opened_by(opened(), Target("it", "it", 5432), "10.50.30.16")
    assert not opened_by(opened(), Target("it", "it", 5433), "10.50.30.4")
    inside = settings({"network": {"userEgress": [{"name": "data", "reach": {"namespace": "data"}}]}})
    assert opened_by(inside, Target("it", "it", 5432, namespace="data"), "10.96.0.9")
    assert not opened_by(inside, Target("it", "it", 5432), "10.96.0.9")
    public = settings({"network": {"userEgress": [{"name": "all", "reach": {"public443": "to try it out"}}]}})
    assert opened_by(public, Target("it", "it", 443), "8.8.8.8")
    assert not opened_by(public, Target("it", "it", 443), "10.0.0.1")


def test_other_servers_the_database_and_the_tunnel_are_tried_where_there_are_any() -> None:
    def running(name: str, address: str, user: str) -> Json:
        return of_user("Pod", name, user, status={"podIP": address, "phase": "Running"})

    pods = [running("a", "10.1.0.1", "ada"), running("b", "10.1.0.2", USER)]
    connector = named("Pod", "c", labels={"app.kubernetes.io/name": "cloudflared"})
    connector["status"] = {"podIP": "10.1.0.3", "phase": "Running"}
    found = denied(visit_of(None, {"pod": [*pods, connector]}, settings=settings_of("carbon254")))
    assert Target("another user's server", "10.1.0.1", 8888) in found
    assert not [one for one in found if one.host == "10.1.0.2"], "our own server is no other's"
    assert Target("the tunnel's metrics", "10.1.0.3", 2000) in found
    prod = denied(visit_of(None, settings=settings_of("aiv-prod")))
    assert Target("the hub's database", "postgres.aiv.internal", 5432) in prod
    assert not [one for one in prod if one.host.startswith("10.50.10.")], "of a range no address is known"


def test_granted_services_are_tried_as_their_way_leads(monkeypatch: pytest.MonkeyPatch) -> None:
    document = settings_of("aiv-prod")
    assert Target("gitlab", "gitlab.aiv.internal", 443) in granted(document)
    assert all(one.host != "iam.aiv.internal" for one in granted(document)), "that one is the hub's alone"
    through = settings_of(
        "aiv-prod",
        {
            "services": {
                "catalogue": [
                    {"kind": "gitlab", "url": "https://git.example.org", "reach": {"egressProxy": True}}
                ]
            },
            "capabilities": {"everyone": {"services": ["all"]}},
        },
    )
    assert Target("gitlab", "git.example.org", 443, ("proxy.aiv.internal", 3128)) in granted(through)
    dialling(monkeypatch, {one.what: (End.OPEN, "10.50.41.1") for one in granted(document)})
    assert "reached: gitlab" in network_checks.services(visit_of(None, settings=document)).words
    dialling(monkeypatch, {"gitlab": (End.OPEN, "10.50.41.1")})
    with pytest.raises(Failed, match="not reached: artifactory"):
        network_checks.services(visit_of(None, settings=document))
    with pytest.raises(Skipped):
        network_checks.services(visit_of(None))


def node(offers: str | None) -> Json:
    return named("Node", "n1", status={"allocatable": {"nvidia.com/gpu": offers} if offers else {}})


def taker(count: str, user: str = "ada", phase: str = "Running") -> Json:
    amounts = {"requests": {"nvidia.com/gpu": count}}
    spec = {"nodeName": "n1", "containers": [{"resources": amounts}]}
    return of_user("Pod", f"jupyter-{user}", user, spec=spec, status={"phase": phase})


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pretended]:
    with pretended() as hub:
        path = f"/hub/api/users/{USER}/server"
        hub.replies |= {
            ("POST", path): said({}, 202),
            ("GET", f"{path}/progress"): Reply(b'data: {"ready": true, "message": "Server ready"}\n\n'),
        }
        monkeypatch.setattr(gpu_check, "said_by", lambda *_: {"seen": ["GPU 0: pretended"]})
        yield hub


def with_gpu(hub: Pretended, pods: list[Json], offers: str | None = "2", **patch: object) -> str:
    objects = {"node": [node(offers)], "pod": pods}
    return gpu_check.gpu(visit_of(hub, objects, settings=settings(patch or None))).words


def test_the_smallest_profile_with_a_gpu_is_tried(started: Pretended) -> None:
    assert "gpu-standard: a server with 1 nvidia.com/gpu, pretended" in with_gpu(started, [taker("1", USER)])
    assert "a server with 1" in with_gpu(started, [taker("1", USER)], offers="1"), (
        "our own one counts as free"
    )
    assert "GPU 0: pretended" in with_gpu(started, [taker("1", USER)], cluster={"gpu": "nvidia"})


def test_a_server_that_has_not_what_its_profile_says_fails(started: Pretended) -> None:
    with pytest.raises(Failed, match=r"has 0 of nvidia\.com/gpu"):
        with_gpu(started, [])


def test_a_kernel_that_sees_no_gpu_fails(started: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_check, "said_by", lambda *_: {"seen": []})
    with pytest.raises(Failed, match="sees no GPU"):
        with_gpu(started, [taker("1", USER)], cluster={"gpu": "nvidia"})


def test_a_cluster_that_offers_none_fails_and_one_whose_are_taken_does_not(started: Pretended) -> None:
    with pytest.raises(Failed, match="no node of the cluster offers"):
        with_gpu(started, [], offers=None)
    with pytest.raises(Skipped, match="in use now"):
        with_gpu(started, [taker("2")])
    assert "a server with" in with_gpu(started, [taker("2", phase="Succeeded"), taker("1", USER)])


def test_one_that_others_took_meanwhile_is_no_fault(started: Pretended) -> None:
    message = '{"failed": true, "message": "[Warning] 0/1 nodes: 1 Insufficient nvidia.com/gpu."}'
    started.replies["GET", f"/hub/api/users/{USER}/server/progress"] = Reply(f"data: {message}\n\n".encode())
    with pytest.raises(Skipped, match="free now"):
        with_gpu(started, [])


CPU_ALONE = [one for one in committed("local")["profiles"] if "gpu" not in one]


def test_without_a_gpu_in_the_settings_or_the_wish_none_is_tried() -> None:
    with pytest.raises(Skipped, match="--no-gpu"):
        gpu_check.gpu(visit_of(None, gpu=False))
    with pytest.raises(Skipped, match="no profile with a GPU"):
        gpu_check.gpu(visit_of(None, settings=settings({"cluster": {"gpu": "none"}, "profiles": CPU_ALONE})))


@pytest.mark.usefixtures("here")
def test_the_home_s_cells_find_what_they_wrote(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:  # noqa: ANN401
    monkeypatch.setenv("HOME", str(tmp_path))
    visit = visit_of(None)
    assert str(tmp_path) in server_checks.cell(visit).words
    kept = server_checks._READ.format(file=".ops-smoke", nonce=visit.nonce)
    assert in_this_process(visit.hub, kept) == {"there": True, "same": True}
    (tmp_path / ".ops-smoke").write_text("another")
    assert in_this_process(visit.hub, kept) == {"there": True, "same": False}
    (tmp_path / ".ops-smoke").unlink()
    assert in_this_process(visit.hub, kept) == {"there": False, "same": False}
