"""What is tried from a notebook of one stack, and how each shall end by its settings."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ops.kubectl import Json, NoAnswer
from ops.smoke.targets import Target, denied, granted, needed, opened_by
from ops.smoke.visit import Visit
from ops.walls.probe import Kind, Probe, Wanted
from settings.flows import HUB, PROXY

_NODE = {
    22: "ssh",
    2379: "etcd",
    2380: "etcd's peers",
    6443: "the API server",
    10250: "the kubelet",
    10255: "the kubelet, read-only",
    10257: "the controller manager",
    10259: "the scheduler",
    9100: "a node exporter",
    443: "the ingress controller",
    8443: "the ingress controller",
}
_METADATA = {
    "169.254.169.254:80": "the cloud's metadata",
    "169.254.170.2:80": "credentials of a container's role",
    "[fd00:ec2::254]:80": "the cloud's metadata, IPv6",
    "100.100.100.200:80": "the cloud's metadata (Alibaba)",
}
_DNS = 53
_LIMIT = 12
"""Services of other namespaces that are tried: a large cluster has hundreds."""


def probes(visit: Visit, outside: tuple[str, ...]) -> list[Probe]:
    """Give them all, each place once."""
    parts = (_needed, _granted, _release, _cluster, _node, _metadata, _hub_api, _pod)
    found = [one for part in parts for one in part(visit)]
    found += [_tcp(visit, "outside", Target("an address outside", *_split(place))) for place in outside]
    found += [
        _udp("outside", "another resolver", f"{_bracketed(_split(place)[0])}:53", Wanted.CLOSED)
        for place in outside
    ]
    return list({(one.kind, one.method, one.place): one for one in reversed(found)}.values())[::-1]


def _split(place: str) -> tuple[str, int]:
    host, _, port = place.rpartition(":")
    return host.strip("[]"), int(port)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _tcp(visit: Visit, group: str, target: Target) -> Probe:
    """Want it closed, unless the settings open it for notebooks."""
    try:
        setting = opened_by(visit.settings, target, target.host)
    except ValueError:  # a name: ranges say nothing about it
        setting = None
    wanted, why = (Wanted.OPEN, setting) if setting else (Wanted.CLOSED, "no flow leads there")
    place = f"{_bracketed(target.host)}:{target.port}"
    return Probe(group=group, what=target.what, kind="tcp", place=place, wanted=wanted, why=why)


def _udp(group: str, what: str, place: str, wanted: Wanted) -> Probe:
    return Probe(group=group, what=what, kind="udp", place=place, wanted=wanted, why="settings.network.dns")


def _open(group: str, target: Target) -> Probe:
    place = f"{target.host}:{target.port}"
    return Probe(
        group=group, what=target.what, kind="tcp", place=place, wanted=Wanted.OPEN, why="every notebook"
    )


def _needed(visit: Visit) -> Iterator[Probe]:
    yield from (_open("needed", one) for one in needed(visit.settings))
    yield _udp("needed", "the resolver", "resolver:53", Wanted.OPEN)


def _granted(visit: Visit) -> Iterator[Probe]:
    # Through an egress proxy the proxy is what is reached; `ops smoke` goes on from there.
    for one in granted(visit.settings):
        host, port = one.through or (one.host, one.port)
        yield _open("granted", Target(one.what, host, port))


def _release(visit: Visit) -> Iterator[Probe]:
    namespace = visit.settings.namespace.name
    for one in denied(visit):
        yield _tcp(visit, "release", one)
    yield _tcp(visit, "release", Target("the proxy, past the ingress", f"proxy-public.{namespace}.svc", 80))
    for part, ports in (("hub", (HUB, PROXY, 22)), ("proxy", (PROXY, 8001, 8443))):
        for pod in _items(visit, "pods", f"component={part}"):
            for port in ports:
                yield _pod_port(visit, part, pod, port)


def _pod_port(visit: Visit, part: str, pod: Json, port: int) -> Probe:
    host = str(pod["status"].get("podIP", ""))
    if (part, port) == ("hub", HUB):
        return _open("needed", Target("the hub, by its pod's address", host, port))
    return _tcp(visit, "release", Target(f"the pod of the {part}, port {port}", host, port))


def _cluster(visit: Visit) -> Iterator[Probe]:
    """Give Services of other namespaces, whatever they are for; those that are granted have been given."""
    found = [one for service in _services(visit) for one in _ports_of(visit, service)]
    yield from [one for one in found if one.wanted is Wanted.CLOSED][:_LIMIT]


def _ports_of(visit: Visit, service: Json) -> Iterator[Probe]:
    name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
    ports = service["spec"].get("ports") or []
    headless = service["spec"].get("clusterIP") in (None, "", "None")
    if namespace == visit.settings.namespace.name or headless or any(one["port"] == _DNS for one in ports):
        return
    for port in [one["port"] for one in ports if one.get("protocol", "TCP") == "TCP"][:2]:
        what, host = f"Service {name} of {namespace}", f"{name}.{namespace}.svc"
        yield _tcp(visit, "cluster", Target(what, host, port, namespace=namespace))


def _node(visit: Visit) -> Iterator[Probe]:
    pod = next(iter(visit.pods()), None)
    host = str(pod["status"].get("hostIP", "")) if pod else ""
    if host:
        yield from (
            _tcp(visit, "node", Target(f"the node: {what}", host, port)) for port, what in _NODE.items()
        )


def _metadata(visit: Visit) -> Iterator[Probe]:
    for place, what in _METADATA.items():
        yield _tcp(visit, "metadata", Target(what, *_split(place)))


def _hub_api(visit: Visit) -> Iterator[Probe]:
    """Give what the server's own token may do: tell that it is busy, and nothing about anybody."""

    def api(what: str, place: str, method: str = "GET", wanted: Wanted = Wanted.CLOSED) -> Probe:
        kind: Kind = "hub"
        why = "scopes of a server's token"
        return Probe(group="hub", what=what, kind=kind, place=place, wanted=wanted, method=method, why=why)

    yield api("the hub's version", "/", wanted=Wanted.OPEN)
    yield api("tell that the server is busy", "/users/{me}/activity", "POST", Wanted.OPEN)
    yield api("list the users", "/users")
    yield api("list the groups", "/groups")
    yield api("list the services", "/services")
    yield api("see another user", "/users/somebody-else")
    yield api("make a user", "/users/made-by-a-notebook", "POST")
    yield api("start another user's server", "/users/somebody-else/server", "POST")
    yield api("stop another user's server", "/users/somebody-else/server", "DELETE")
    yield api("speak for another user", "/users/somebody-else/activity", "POST")
    yield api("make a token for another user", "/users/somebody-else/tokens", "POST")
    yield api("make a token for oneself", "/users/{me}/tokens", "POST")
    yield api("see the proxy's routes", "/proxy")
    yield api("see how the hub is built", "/info")
    yield api("read the metrics", "/../metrics")


def _pod(_visit: Visit) -> Iterator[Probe]:
    for place, what in (
        ("user id", "to be root"),
        ("become root", "to become root"),
        ("capabilities", "capabilities"),
        ("bounding set", "capabilities that a program could bring"),
        ("no new privileges", "privileges by a program's set-uid bit"),
        ("seccomp", "system calls beyond the runtime's list"),
        ("service account token", "a token for the API server"),
        ("raw socket", "raw packets"),
        ("mount", "to mount"),
        ("write to the system", "to change the system's files"),
        ("devices of the node", "the node's devices"),
        ("processes of others", "processes of others"),
    ):
        kind: Kind = "act"
        yield Probe(
            group="pod",
            what=what,
            kind=kind,
            place=place,
            wanted=Wanted.CLOSED,
            why="Pod Security restricted",
        )


def _items(visit: Visit, kind: str, selector: str = "") -> list[Json]:
    """Give objects of the namespace; none where whoever runs this may not see them."""
    try:
        return visit.live.cluster.items(kind, selector)
    except NoAnswer:
        return []


def _services(visit: Visit) -> list[Json]:
    """Give the Services of the whole cluster, where one may see them."""
    try:
        said = visit.live.cluster.run("get", "services", "--all-namespaces", "--output", "json")
    except NoAnswer:
        return []
    found: list[Json] = json.loads(said)["items"]
    return found
