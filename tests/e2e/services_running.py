"""The platform's services in the cluster for as long as a test needs them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.hub import tool
from tests.e2e.services_world import Served, objects

_PATIENCE = "480s"
_GOING = "120s"
Env = Mapping[str, str]


@dataclass(frozen=True)
class Running:
    """What came up, and what did not."""

    env: Env = field(repr=False)
    services: tuple[Served, ...]
    faults: Mapping[str, str]
    """Why a service is not up, and its last words, by kind."""

    def address(self, namespace: str) -> str:
        """Give the address of the pod in a namespace."""
        (service,) = (one for one in self.services if one.namespace == namespace)
        path = "jsonpath={.status.podIP}"
        return tool(self.env, "kubectl", "-n", namespace, "get", service.target, "-o", path)


@contextmanager
def running(env: Env, services: list[Served], hub_namespace: str, release: str) -> Iterator[Running]:
    """Have them in the cluster, each in its namespace; one that does not come up is no reason to stop."""
    documents = [each for service in services for each in objects(service, hub_namespace, release)]
    whole = json.dumps({"kind": "List", "apiVersion": "v1", "items": documents})
    try:
        tool(env, "kubectl", "apply", "-f", "-", given=whole)
        with ThreadPoolExecutor(len(services)) as pool:
            found = pool.map(lambda service: _fault(env, service), services)
            faults = {one.kind: fault for one, fault in zip(services, found, strict=True) if fault}
        yield Running(env, tuple(services), faults)
    finally:
        namespaces = [service.namespace for service in services]
        gone = ("delete", "namespace", *namespaces, "--ignore-not-found", f"--timeout={_GOING}")
        tool(env, "kubectl", *gone)


def _fault(env: Env, service: Served) -> str:
    """Wait until a service is ready; say why it is not, or nothing."""
    kubectl = ("kubectl", "--namespace", service.namespace)
    started = time.monotonic()
    try:
        tool(env, *kubectl, "wait", service.target, "--for=condition=Ready", f"--timeout={_PATIENCE}")
    except AssertionError as late:
        said = tool(env, *kubectl, "logs", service.name, "-c", service.kind, "--tail=40", check=False)
        return f"{late}\nafter {time.monotonic() - started:.0f} s it said:\n{said}"
    return ""
