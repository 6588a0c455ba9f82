"""Following the API: against a small HTTP server that answers as the API server does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from embedded import netpol
from embedded.fault import Fault
from embedded.netpol import api, table
from embedded.netpol.controller import Controller, Signal
from embedded.netpol.watch import Watcher

Json = dict[str, Any]


def thing(name: str, version: int, **more: object) -> Json:
    return {"metadata": {"name": name, "resourceVersion": str(version)}, **more}


def listed(version: int, *names: str) -> list[Json]:
    return [
        {"metadata": {"resourceVersion": str(version)}, "items": [thing(name, version) for name in names]}
    ]


def event(kind: str, name: str, version: int) -> Json:
    return {"type": kind, "object": thing(name, version)}


class Script:
    """Answers in order: a list of documents, or a status to fail with."""

    def __init__(self, *answers: list[Json] | int) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def serve(self) -> ThreadingHTTPServer:
        script = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                query = parse_qs(urlsplit(self.path).query)
                script.asked.append(query["resourceVersion"][0] if "watch" in query else "list")
                answer = script.answers.pop(0)
                self.send_response(answer if isinstance(answer, int) else 200)
                self.end_headers()
                for document in answer if isinstance(answer, list) else ():
                    self.wfile.write(json.dumps(document).encode() + b"\n")

            def log_message(self, format: str, *args: object) -> None:
                pass

        return ThreadingHTTPServer(("127.0.0.1", 0), Answer)


class Memory:
    def __init__(self) -> None:
        self.names: set[str] = set()

    def replace(self, documents: list[Mapping[str, Any]]) -> None:
        self.names = {document["metadata"]["name"] for document in documents}

    def put(self, document: Mapping[str, Any]) -> None:
        self.names.add(document["metadata"]["name"])

    def drop(self, document: Mapping[str, Any]) -> None:
        self.names.discard(document["metadata"]["name"])


class Enough(BaseException):
    """The script is played."""


def follow(script: Script) -> tuple[Memory, list[float]]:
    server = script.serve()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    store, pauses = Memory(), list[float]()

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if not script.answers:
            raise Enough

    access = api.Access(f"http://127.0.0.1:{server.server_address[1]}", True, None, None)
    try:
        Watcher(access, "/api/v1/pods", store, pause).run()
    except Enough:
        pass
    finally:
        server.shutdown()
        server.server_close()
    return store, pauses


def test_a_watch_goes_on_from_the_list_and_then_from_the_last_event() -> None:
    script = Script(
        listed(5, "a", "b"),
        [event("ADDED", "c", 6), event("DELETED", "a", 7), event("MODIFIED", "b", 8)],
        [event("BOOKMARK", "", 20)],
        [],
    )
    store, _ = follow(script)
    assert store.names == {"b", "c"}
    assert script.asked == ["list", "5", "8", "20"]


@pytest.mark.parametrize(
    "expired", [410, [{"type": "ERROR", "object": {"code": 410, "message": "too old"}}]], ids=str
)
def test_an_expired_version_leads_to_a_fresh_list_without_what_vanished(expired: int | list[Json]) -> None:
    script = Script(listed(5, "gone", "b"), expired, listed(9, "b"), [])
    store, _ = follow(script)
    assert store.names == {"b"}
    assert script.asked == ["list", "5", "list", "9"]


def test_a_failing_server_is_asked_again_ever_more_patiently(capsys: pytest.CaptureFixture[str]) -> None:
    store, pauses = follow(Script(500, 503, 403, listed(1, "a"), []))
    assert store.names == {"a"}
    assert pauses[:3] == [0.1, 0.2, 0.4]
    assert capsys.readouterr().out.count("trying again") == 1


def test_nonsense_in_the_stream_does_not_end_the_watcher() -> None:
    store, _ = follow(Script(listed(1, "a"), [{"type": "ADDED"}], listed(2, "b"), []))
    assert store.names == {"b"}


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Path:
    (tmp_path / "ca.crt").write_text("the authority")
    user = {
        f"client-{what}-data": base64.b64encode(what.encode()).decode() for what in ("certificate", "key")
    }
    path = tmp_path / "admin.kubeconfig"
    path.write_text(
        yaml.safe_dump(
            {
                "clusters": [
                    {"name": "c", "cluster": {"server": "https://x:1/", "certificate-authority": "ca.crt"}}
                ],
                "users": [{"name": "u", "user": user}],
                "contexts": [{"name": "embedded", "context": {"cluster": "c", "user": "u"}}],
                "current-context": "embedded",
            }
        )
    )
    return path


def test_keys_within_a_kubeconfig_lie_in_a_private_folder_only_while_used(kubeconfig: Path) -> None:
    with api.access(kubeconfig) as access:
        assert access.server == "https://x:1"
        assert access.authority == str(kubeconfig.parent / "ca.crt")
        assert access.certificate
        places = [Path(place) for place in access.certificate]
        assert [place.read_text() for place in places] == ["certificate", "key"]
        assert {place.stat().st_mode & 0o077 for place in places} == {0}
    assert not any(place.exists() for place in places)


def controller(tmp_path: Path, load: Callable[[str], None]) -> Controller:
    made = Controller(IPv4Network("10.201.0.0/24"), tmp_path, load)
    for shelf in (made.namespaces, made.policies):
        shelf.replace([])
    made.pods.replace([pod("Pending")])
    return made


def pod(phase: str, **status: str) -> Json:
    meta = {"namespace": "red", "name": "a", "uid": "a"}
    return {"metadata": meta, "status": {"phase": phase, "podIP": "10.201.0.2", **status}}


def test_nothing_is_loaded_before_every_kind_was_listed(tmp_path: Path) -> None:
    made = Controller(IPv4Network("10.201.0.0/24"), tmp_path, lambda _: None)
    for shelf in (made.pods, made.namespaces, made.policies):
        assert not made.complete
        shelf.replace([])
    assert made.complete


def test_the_table_is_loaded_only_when_its_text_changes(tmp_path: Path) -> None:
    texts: list[str] = []
    made = controller(tmp_path, texts.append)
    assert made.synchronise()
    made.pods.put(pod("Running", hostIP="10.200.0.1"))
    assert made.synchronise()
    assert len(texts) == 1
    made.pods.put(pod("Succeeded"))
    assert made.synchronise()
    assert ["10.201.0.2" in text for text in texts] == [True, False]


def test_a_table_that_nft_refuses_is_tried_again(tmp_path: Path) -> None:
    texts: list[str] = []

    def load(text: str) -> None:
        texts.append(text)
        if len(texts) == 1:
            raise Fault("nft refused the rules")

    made = controller(tmp_path, load)
    assert [made.synchronise(), made.synchronise(), made.synchronise()] == [False, True, True]
    assert len(texts) == 2


def test_what_a_fresh_list_does_not_have_is_gone_from_the_table(tmp_path: Path) -> None:
    texts: list[str] = []
    made = controller(tmp_path, texts.append)
    assert made.synchronise()
    made.pods.replace([])
    assert made.synchronise()
    assert ["10.201.0.2" in text for text in texts] == [True, False]


def test_a_machine_without_nft_hears_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    for act in (netpol.remove, lambda: table.load("")):
        with pytest.raises(Fault, match="nft is missing") as caught:
            act()
        assert "apt-get install nftables" in caught.value.remedy


def test_a_change_that_comes_as_a_wait_ends_in_vain_is_not_lost() -> None:
    signal = Signal()
    event = signal._event

    class Late(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            found = event.wait(0)
            event.set()  # another thread, just after the time was up
            return found

        def clear(self) -> None:
            event.clear()

    signal._event = Late()
    assert not signal.wait(0)
    signal._event = event
    assert signal.wait(0)
    assert not signal.wait(0)
