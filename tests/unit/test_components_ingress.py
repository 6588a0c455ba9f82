"""The certificate of the ingress: brought, or asked of cert-manager and waited for."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.ingress import Ingress, IngressArgs
from settings.door import hosts
from tests.unit.documents import Document, settings
from tests.unit.recorder import Recorder, run, secret_paths

CERTIFICATE = "kubernetes:cert-manager.io/v1:Certificate"
SECRET = "kubernetes:core/v1:Secret"
BY_CERT_MANAGER: Document = {"source": "certManager", "issuer": "corporate"}


def made(tls: Document, *, brought: bool = False, subdomains: bool = False) -> Recorder:
    patch = {"tls": {"termination": None, **tls}, "ingress": {"userSubdomains": subdomains}}
    chosen = settings(patch)

    def program() -> dict[str, Any]:
        Ingress(
            "ingress",
            IngressArgs(
                namespace=chosen.namespace.name,
                hosts=hosts(chosen.ingress),
                tls=chosen.tls,
                certificate=pulumi.Output.secret("the-certificate") if brought else None,
                key=pulumi.Output.secret("the-key") if brought else None,
            ),
        )
        return {}

    return run(program)[0]


def test_cert_manager_is_asked_for_the_host_by_the_issuer_of_the_settings() -> None:
    asked = (
        made({**BY_CERT_MANAGER, "issuerKind": "Issuer", "secretName": "own-tls"}).one(CERTIFICATE).plain()
    )
    spec = asked["spec"]
    assert asked["metadata"]["namespace"] == "jupyterhub"
    assert spec["secretName"] == "own-tls"
    assert spec["dnsNames"] == ["jupyterhub.localhost"]
    assert spec["issuerRef"] == {"group": "cert-manager.io", "kind": "Issuer", "name": "corporate"}
    assert spec["privateKey"]["rotationPolicy"] == "Always"
    assert "server auth" in spec["usages"]


def test_cert_manager_is_asked_for_the_hosts_of_servers_too() -> None:
    spec = made(BY_CERT_MANAGER, subdomains=True).one(CERTIFICATE).plain()["spec"]
    assert spec["dnsNames"] == ["jupyterhub.localhost", "*.jupyterhub.localhost"]


@pytest.mark.parametrize(("wait", "seconds"), [(None, "300"), ("12m30s", "750")])
def test_the_release_comes_after_the_certificate_and_not_without_end(wait: str | None, seconds: str) -> None:
    tls = BY_CERT_MANAGER | ({"wait": wait} if wait else {})
    annotations = made(tls).one(CERTIFICATE).plain()["metadata"]["annotations"]
    assert annotations == {"pulumi.com/waitFor": "condition=Ready", "pulumi.com/timeoutSeconds": seconds}


def test_cert_manager_makes_the_secret_and_the_stack_makes_none() -> None:
    recorder = made(BY_CERT_MANAGER)
    assert recorder.of(SECRET) == []
    (component,) = recorder.of("jupyterhub:components:Ingress")
    assert recorder.one(CERTIFICATE).parent == component.urn


def test_a_certificate_that_is_brought_is_a_secret_under_a_fixed_name() -> None:
    recorder = made({"source": "pem"}, brought=True)
    secret = recorder.one(SECRET)
    assert secret.plain()["metadata"]["name"] == "jupyterhub-tls"
    assert secret.plain()["type"] == "kubernetes.io/tls"
    assert secret.plain()["stringData"] == {"tls.crt": "the-certificate", "tls.key": "the-key"}
    assert list(secret_paths(secret.inputs)) == ["/stringData"]
    assert recorder.of(CERTIFICATE) == []


def test_a_secret_of_somebody_else_is_left_alone() -> None:
    recorder = made({"source": "existingSecret", "secretName": "theirs"})
    assert recorder.of(SECRET) == recorder.of(CERTIFICATE) == []
