"""The providers serve the cluster whose authority this machine made, and refuse every other one."""

from __future__ import annotations

import base64
import datetime
import http.server
import ipaddress
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from embedded.fault import Fault
from embedded.providers.kube import kubeconfig
from embedded.providers.kube.client import Client
from embedded.providers.kube.kubeconfig import Access
from embedded.providers.kube.plugin import KubernetesPlugin
from embedded.providers.lifecycle import Urn


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, as PEM files."""

    certificate: Path
    key: Path

    @property
    def text(self) -> str:
        return self.certificate.read_text()

    @property
    def inline(self) -> str:
        return base64.b64encode(self.certificate.read_bytes()).decode()


class Authority:
    """A certificate authority made for a test."""

    def __init__(self, place: Path, name: str) -> None:
        self._place = place
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.own = self._issue(name, self._key, authority=True)

    def issue(self, name: str) -> Issued:
        return self._issue(name, ec.generate_private_key(ec.SECP256R1()), authority=False)

    def _issue(self, name: str, key: ec.EllipticCurvePrivateKey, *, authority: bool) -> Issued:
        now = datetime.datetime.now(datetime.UTC)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        issued = Issued(self._place / f"{name}.crt", self._place / f"{name}.key")
        issued.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        issued.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return issued


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "theirs")


def config(cluster: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
    return {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "here"}}],
        "current-context": "x",
    }


def client_of(issued: Issued) -> dict[str, Any]:
    return {"client-certificate": issued.certificate.name, "client-key": issued.key.name}


def choose(config_: dict[str, Any], authority: Authority, place: Path) -> Access:
    return kubeconfig.choose(config_, place, ca=authority.own.certificate)


def test_the_machines_own_cluster_is_served(ours: Authority, tmp_path: Path) -> None:
    admin = ours.issue("admin")
    by_file = config({"certificate-authority": "ours.crt"}, client_of(admin))
    by_data = config({"certificate-authority-data": ours.own.inline}, client_of(admin))
    for one in (by_file, by_data):
        access = choose(one, ours, tmp_path)
        assert access.namespace == "here"
        assert access.certificate == admin.text


def test_a_bundle_with_another_authority_beside_ours_is_refused(
    ours: Authority, theirs: Authority, tmp_path: Path
) -> None:
    both = base64.b64encode((ours.own.text + theirs.own.text).encode()).decode()
    with pytest.raises(Fault, match="is not the one that this machine made"):
        choose(config({"certificate-authority-data": both}, client_of(ours.issue("a"))), ours, tmp_path)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another authority": ({"certificate-authority": "theirs.crt"}, "is not the one that this machine made"),
    "no authority": ({}, "names no certificate authority"),
    "no verification": (
        {"insecure-skip-tls-verify": True, "certificate-authority": "ours.crt"},
        "without TLS verification",
    ),
    "no TLS": ({"server": "http://127.0.0.1:1", "certificate-authority": "ours.crt"}, "not reached over TLS"),
}


@pytest.mark.usefixtures("theirs")
@pytest.mark.parametrize("case", REFUSED)
def test_a_foreign_cluster_is_refused_with_the_reason(case: str, ours: Authority, tmp_path: Path) -> None:
    cluster, words = REFUSED[case]
    with pytest.raises(Fault, match=words) as caught:
        choose(config(cluster, client_of(ours.issue("admin"))), ours, tmp_path)
    assert "official plugin" in caught.value.remedy


@pytest.mark.parametrize("user", [{}, {"token": "t"}, {"exec": {"command": "aws"}}])
def test_a_user_without_a_client_certificate_is_refused(
    user: dict[str, Any], ours: Authority, tmp_path: Path
) -> None:
    with pytest.raises(Fault, match="no client certificate"):
        choose(config({"certificate-authority": "ours.crt"}, user), ours, tmp_path)


def test_a_missing_context_is_told_with_those_that_exist(ours: Authority, tmp_path: Path) -> None:
    found = config({"certificate-authority": "ours.crt"}, {})
    with pytest.raises(Fault, match=r"no context 'prod' \(it has: x\)"):
        kubeconfig.choose(found, tmp_path, context="prod", ca=ours.own.certificate)


class Silent(http.server.BaseHTTPRequestHandler):
    """Counts the requests that got through."""

    seen: list[str] = []  # noqa: RUF012 - reset by the fixture

    def do_GET(self) -> None:
        self.seen.append(self.path)
        busy = self.path == "/busy" and self.seen.count("/busy") < 3
        body = json.dumps({"gitVersion": "v1"}).encode()
        self.send_response(503 if busy else 200)
        if busy:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401
        """Keep the tests quiet."""


@contextmanager
def serving(issued: Issued) -> Iterator[int]:
    """Serve HTTPS on a free port of this machine."""
    Silent.seen = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def client_to(port: int, ours: Authority, place: Path) -> Client:
    cluster = {"server": f"https://127.0.0.1:{port}", "certificate-authority": "ours.crt"}
    return Client(choose(config(cluster, client_of(ours.issue("admin"))), ours, place))


def test_a_server_that_only_claims_our_authority_gets_no_request(
    ours: Authority, theirs: Authority, tmp_path: Path
) -> None:
    with serving(theirs.issue("server")) as port:
        client = client_to(port, ours, tmp_path)
        with pytest.raises(Fault, match="does not come from the authority that this machine made"):
            client.get("/version")
    assert Silent.seen == []


def test_a_server_that_is_starting_is_asked_again(ours: Authority, tmp_path: Path) -> None:
    with serving(ours.issue("server")) as port:
        assert client_to(port, ours, tmp_path).get("/busy") == {"gitVersion": "v1"}
    assert Silent.seen == ["/busy"] * 3


class Quiet:
    """A log that nobody reads."""

    def status(self, urn: Urn, text: str) -> None: ...

    def warning(self, urn: Urn, text: str) -> None: ...


def test_the_provider_refuses_when_it_is_configured_not_first_when_it_writes(
    ours: Authority, theirs: Authority, tmp_path: Path
) -> None:
    foreign = config({"certificate-authority-data": theirs.own.inline}, client_of(theirs.issue("a")))
    plugin = KubernetesPlugin(Quiet(), ours.own.certificate, tmp_path / "helm")
    with pytest.raises(Fault, match="is refused"):
        plugin.configure({"kubeconfig": json.dumps(foreign)})


def plugin_for(ours: Authority, tmp_path: Path) -> KubernetesPlugin:
    return KubernetesPlugin(Quiet(), ours.own.certificate, tmp_path / "helm")


def test_a_cluster_identifier_decides_alone_what_replaces_the_provider(
    ours: Authority, tmp_path: Path
) -> None:
    def reaching(server: str, identifier: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {"kubeconfig": json.dumps(config({"server": server}, {}))}
        return found | ({"clusterIdentifier": identifier} if identifier else {})

    diff = plugin_for(ours, tmp_path).diff_config
    one, two = "https://127.0.0.1:1", "https://127.0.0.1:2"
    assert diff(reaching(one, None), reaching(two, None))[1] == ["kubeconfig"]
    assert diff(reaching(one, "a"), reaching(two, "a")) == (["kubeconfig"], [])
    assert diff(reaching(one, "a"), reaching(one, "b"))[1] == ["clusterIdentifier"]
    assert diff(reaching(one, None), reaching(one, "a")) == (["clusterIdentifier"], [])
    assert diff(reaching(one, "a"), reaching(one, "a")) == ([], [])
