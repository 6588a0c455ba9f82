"""A certificate that cert-manager keeps: the release comes after it, and without it nothing waits for ever.

cert-manager itself does not run here: its part is played by hand, with its own kind on the node.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.node import crds, ownership, pki
from embedded.node.api import Api
from embedded.node.layout import layout
from embedded.paths import find
from tests.e2e.keeping import Deployment, deployment
from tests.unit.documents import Document

pytestmark = pytest.mark.node

HOST = "certificate.localhost"
ASKED: Document = {
    "protection": {"protect": False, "retain": False},
    "ingress": {"controller": "traefik", "host": HOST, "port": None, "className": "traefik"},
    "tls": {"source": "certManager", "issuer": "own", "termination": "ingress", "wait": "15s"},
    # Whether pods come up is not the question.
    "hub": {"awaitReady": False},
}
READY = '{"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Ready"}]}}'


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Deployment]:
    paths = find()
    made = deployment(tmp_path, "certificate", paths)
    owner = ownership.read(layout(paths))
    assert owner
    with Api(layout(paths), owner.options) as api:
        crds.ensure(api, paths, ["cert-manager"])
    made.configure(ASKED)
    yield made
    made.end()


def answer(stack: Deployment, stop: threading.Event) -> None:
    """Make the Secret and say that it is there, as soon as somebody asks for it."""
    pair = pki.ingress_certificate(find().pki, HOST)
    certificate = ("certificates.cert-manager.io", "jupyterhub-tls")
    while not stop.wait(0.5):
        if stack.kubectl("get", *certificate, "-o", "name", check=False).startswith("certificate"):
            files = (f"--cert={pair.certificate}", f"--key={pair.key}")
            stack.kubectl("create", "secret", "tls", "jupyterhub-tls", *files)
            stack.kubectl("patch", *certificate, "--subresource=status", "--type=merge", "-p", READY)
            return


def test_the_release_comes_when_the_certificate_is_there(stack: Deployment) -> None:
    stop = threading.Event()
    manager = threading.Thread(target=answer, args=(stack, stop))
    manager.start()
    try:
        up = stack.up()
    finally:
        stop.set()
        manager.join()
    assert up.ok, up.text
    asked = stack.kubectl("get", "certificate", "jupyterhub-tls", "-o", "jsonpath={.spec.dnsNames[*]}")
    served = stack.kubectl("get", "ingress", "jupyterhub", "-o", "jsonpath={.spec.tls[*].secretName}")
    assert (asked, served) == (HOST, "jupyterhub-tls")


def test_nobody_who_answers_ends_the_deployment_before_the_release(stack: Deployment) -> None:
    up = stack.up()
    assert not up.ok
    assert "condition=Ready" in up.text
    assert "kubernetes:helm.sh/v3:Release::release" not in stack.known()
    assert stack.helm("list", "--short") == ""
