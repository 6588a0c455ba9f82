"""How the node is: one line per process, and one per thing that it must do."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from embedded.console import elapsed
from embedded.fault import Fault
from embedded.node import addons, control, identity, ownership, readiness
from embedded.node.api import Api
from embedded.node.layout import NODE_NAME, Layout, Options, layout
from embedded.node.processes import Processes
from embedded.node.up import ADDONS, CONTROL, RUNTIME, WORKERS
from embedded.paths import Paths


@dataclass(frozen=True)
class Part:
    """A process or a duty of the node, and how it is."""

    name: str
    ok: bool
    detail: str


Check = Callable[[], tuple[bool, str]]


def status(paths: Paths) -> list[Part]:
    """Everything about the node; one line that it does not run when it does not."""
    place = layout(paths)
    processes = Processes(place.records, paths.logs, str(place.state))
    owner = ownership.read(place)
    if owner is None or not processes.names():
        return [Part("node", ok=False, detail="not running; start it: make up")]
    if owner.state != place.state:
        return [Part("node", ok=False, detail=f"another one runs here, with its state in {owner.state}")]
    groups = (CONTROL, RUNTIME, ADDONS, WORKERS) if owner.options.pods else (CONTROL,)
    names = [name for group in groups for name in group]
    # What runs beside them differs: the world around the stacks that are up.
    parts = [_process(processes, name) for name in (*names, *sorted({*processes.names()} - {*names}))]
    checks = _checks(place, owner.options)
    with ThreadPoolExecutor(max_workers=len(checks)) as pool:
        parts += list(pool.map(_judge, checks, checks.values()))
    kind = "" if owner.options.pods else "; the control plane alone, no pod runs"
    return [Part("node", ok=True, detail=f"started from {owner.checkout}{kind}"), *parts]


def _process(processes: Processes, name: str) -> Part:
    record = processes.running(name)
    if record is None:
        return Part(name, ok=False, detail=f"not running; its log: {processes.log(name)}")
    age = elapsed(identity.since(record.identity))
    return Part(name, ok=True, detail=f"process {record.identity.pid}, for {age}")


def _judge(name: str, check: Check) -> Part:
    try:
        ok, detail = check()
    except Fault as fault:
        ok, detail = False, fault.what
    return Part(name, ok, detail)


def _checks(place: Layout, options: Options) -> dict[str, Check]:
    def said(check: Callable[[], bool], good: str, bad: str) -> Check:
        def judge() -> tuple[bool, str]:
            ok = check()
            return ok, good if ok else bad

        return judge

    classes = "/apis/storage.k8s.io/v1/storageclasses/local-path"
    checks: dict[str, Check] = {
        "API": said(lambda: control.api_ready(place, options), options.api_url, "does not answer"),
        "StorageClass": said(
            lambda: _exists(place, options, classes), "local-path (default)", "local-path is missing"
        ),
    }
    if options.pods:
        checks |= {
            "Node": said(
                lambda: _node_ready(place, options), f"{NODE_NAME} is Ready", f"{NODE_NAME} is not Ready"
            ),
            "DNS": said(addons.dns_ready, addons.KUBERNETES_NAME, "does not answer"),
            "Ingress": said(
                lambda: addons.traefik_answers(place, options),
                f"https://127.0.0.1:{options.https_port}",
                "does not answer",
            ),
            "NetworkPolicies": said(addons.policies_stand, "enforced", "not enforced: no table is loaded"),
        }
    return checks


def _exists(place: Layout, options: Options, path: str) -> bool:
    with Api(place, options) as api:
        return api.get(path) is not None


def _node_ready(place: Layout, options: Options) -> bool:
    with Api(place, options) as api:
        return readiness.ready(api.get(f"/api/v1/nodes/{NODE_NAME}"), 0.0)
