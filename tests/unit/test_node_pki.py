"""Certificates serve under the right names, last, and are renewed before anything stops working."""

from __future__ import annotations

import dataclasses
import datetime
import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from embedded.node import kubeconfig, pki, probes


def read(folder: Path, name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pki.pair(folder, name).certificate.read_bytes())


def names(certificate: x509.Certificate) -> set[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(entry.value) for entry in found}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pki.ensure(tmp_path / "pki")
    return tmp_path / "pki"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_api_server_serves_under_every_name_that_reaches_it(folder: Path) -> None:
    wanted = {"localhost", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1", "10.200.0.1"}
    assert wanted <= names(read(folder, "apiserver"))


def test_every_leaf_comes_from_the_machines_own_authority(folder: Path) -> None:
    ca = read(folder, "ca")
    for leaf in pki.LEAVES:
        read(folder, leaf.name).verify_directly_issued_by(ca)


def test_the_authority_of_the_ingress_signs_nothing_that_the_api_server_trusts(folder: Path) -> None:
    assert read(folder, "ingress-ca").public_key() != read(folder, "ca").public_key()
    read(folder, "ingress-localhost").verify_directly_issued_by(read(folder, "ingress-ca"))


def test_no_key_can_be_read_by_others(folder: Path) -> None:
    assert folder.stat().st_mode & 0o077 == 0
    for key in folder.glob("*.key"):
        assert key.stat().st_mode & 0o077 == 0, key.name


def test_only_the_administrator_is_a_master(folder: Path) -> None:
    masters = [leaf.name for leaf in pki.LEAVES if "system:masters" in leaf.groups]
    assert masters == ["admin"]


def test_a_second_run_changes_nothing(folder: Path) -> None:
    before = content(folder)
    pki.ensure(folder)
    assert content(folder) == before


def test_a_leaf_near_its_end_is_renewed_and_nothing_else(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(folder)
    later = datetime.datetime.now(datetime.UTC) + pki.LEAF_LIFE - datetime.timedelta(days=20)
    monkeypatch.setattr(pki, "now", lambda: later)
    pki.ensure(folder)
    after = content(folder)
    kept = {name for name in before if before[name] == after[name]}
    assert kept == {
        *("ca.crt", "ca.key", "ingress-ca.crt", "ingress-ca.key"),
        *("service-account.key", "service-account.pub"),
    }
    assert pki.lasts(read(folder, "apiserver"), later)


def test_a_new_authority_renews_every_leaf(folder: Path) -> None:
    before = read(folder, "kubelet")
    for path in pki.pair(folder, "ca").certificate, pki.pair(folder, "ca").key:
        path.unlink()
    pki.ensure(folder)
    assert read(folder, "kubelet") != before
    read(folder, "kubelet").verify_directly_issued_by(read(folder, "ca"))


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN CERTIFICATE-----\nrubbish\n"])
def test_a_damaged_certificate_is_made_again(folder: Path, damage: bytes) -> None:
    pki.pair(folder, "kubelet").certificate.write_bytes(damage)
    pki.ensure(folder)
    read(folder, "kubelet").verify_directly_issued_by(read(folder, "ca"))


def test_a_key_of_another_certificate_is_noticed(folder: Path) -> None:
    other = pki.pair(folder, "admin").key.read_bytes()
    pki.pair(folder, "kubelet").key.write_bytes(other)
    pki.ensure(folder)
    assert pki.pair(folder, "kubelet").key.read_bytes() != other


def test_a_leaf_that_gets_another_name_is_made_again(folder: Path) -> None:
    ca = pki.pair(folder, "ca")
    before = next(leaf for leaf in pki.LEAVES if leaf.name == "kubelet")
    pki.leaf_certificate(folder, ca, dataclasses.replace(before, hosts=("other",), addresses=()))
    assert names(read(folder, "kubelet")) == {"other"}


def test_a_host_behind_the_ingress_keeps_its_certificate(folder: Path) -> None:
    first = pki.ingress_certificate(folder, "hub.localhost").certificate.read_bytes()
    assert pki.ingress_certificate(folder, "hub.localhost").certificate.read_bytes() == first
    assert "hub.localhost" in names(read(folder, "ingress-hub.localhost"))


def test_a_kubeconfig_holds_everything_itself(folder: Path) -> None:
    document = kubeconfig.render("https://127.0.0.1:6443", folder, "admin")
    assert document["current-context"] == "embedded"
    assert set(document["users"][0]["user"]) == {"client-certificate-data", "client-key-data"}
    assert str(folder) not in str(document)


@pytest.fixture
def server(folder: Path) -> Iterator[int]:
    serving = pki.pair(folder, "apiserver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(serving.certificate, serving.key)
    listening = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield listening.server_port
    listening.shutdown()
    thread.join()
    listening.server_close()


def test_a_real_handshake_succeeds_with_our_authority_and_with_no_other(folder: Path, server: int) -> None:
    assert probes.https_status("127.0.0.1", server, "/", folder / "ca.crt") > 0
    assert probes.https_status("127.0.0.1", server, "/", folder / "ingress-ca.crt") == 0
