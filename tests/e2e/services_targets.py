"""Every place that somebody's server at 254Carbon may try, and whether it shall be let through."""

from __future__ import annotations

import socket
from collections.abc import Collection, Iterable, Iterator
from urllib.parse import urlsplit

from embedded.stacks import LOCAL
from embedded.world.plan import plan
from tests.e2e.hub import Hub
from tests.e2e.probe import doors_of
from tests.e2e.services_rows import Row, services
from tests.e2e.services_scene import STACK, Scene, Server
from tests.e2e.services_world import BESIDE, ELSEWHERE
from tests.unit.documents import committed, settings_of

_API = "10.96.0.1:443"
_BEHIND_API = "jsonpath={.subsets[0].addresses[0].ip}:{.subsets[0].ports[0].port}"
_NODE = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
_CONNECTOR = "app.kubernetes.io/name=cloudflared"
_POD = "jsonpath={.items[0].status.podIP}"


def services_of(granted: Collection[str]) -> list[Row]:
    """Give the catalogue's services, of which these were granted."""
    return list(services(settings_of(STACK), granted))


def needed(scene: Scene) -> Iterator[Row]:
    """Give what every server reaches."""
    yield Row("the hub's API for servers", "hub:8081", doors_of(scene.hub)["hub:8081"], open=True)
    (resolver,) = scene.server.run("sed -n 's/^nameserver //p' /etc/resolv.conf").split()[:1]
    yield Row("the resolver", "resolver:53", f"{resolver}:53", open=True)


def outside() -> Iterator[Row]:
    """Give addresses of the world outside: packages and repositories, and the tunnel's edge."""
    edge, public = (
        next(one for one in plan(committed(STACK)).listeners if one.port == port) for port in (7844, 443)
    )
    yield Row("a public address, HTTPS", "public:443", f"{public.address}:443", open=True)
    yield Row("a public address, port 22", "public:22", f"{public.address}:22", open=False)
    yield Row("the tunnel's edge", "edge:7844", f"{edge.address}:7844", open=False)


def closed(scene: Scene) -> Iterator[Row]:
    """Give what is closed to everybody's server, and listens all the same."""
    for service in scene.services:
        address = scene.running.address(service.namespace)
        what = f"{service.kind}: another port of the same pod"
        yield _closed(what, f"{service.name}:{BESIDE}", f"{address}:{BESIDE}")
    for kind, what, port in (("kafka", "its controllers'", 9093), ("ray", "its cluster's own", 6379)):
        yield _closed(f"{kind}: {what} port", f"{kind}:{port}", f"{scene.running.address(kind)}:{port}")
    for port in (8080, BESIDE):
        where = f"{scene.running.address(ELSEWHERE)}:{port}"
        yield _closed("a namespace that no setting names", f"{ELSEWHERE}:{port}", where)
    connector = scene.hub.kubectl("get", "pods", "-l", _CONNECTOR, "-o", _POD)
    yield _closed("the tunnel's connector, its metrics", "cloudflared:2000", f"{connector}:2000")
    yield from _hubs(scene)
    yield from _machines(scene.hub)


def _hubs(scene: Scene) -> Iterator[Row]:
    for port in (8000, 8001):
        place = f"proxy:{port}"
        yield _closed("the hub's proxy", place, doors_of(scene.hub)[place])
    for place, where in doors_of(Hub.of_this_machine()).items():
        yield _closed("another hub, of another namespace", f"{place} of {LOCAL}", where)


def _machines(hub: Hub) -> Iterator[Row]:
    api = hub.kubectl("get", "endpoints", "-n", "default", "kubernetes", "-o", _BEHIND_API)
    node = hub.kubectl("get", "nodes", "-o", _NODE)
    yield _closed("the API server", _API, _API)
    yield _closed("the API server, on its machine", f"node:{urlsplit(f'//{api}').port}", api)
    yield _closed("the kubelet", "node:10250", f"{node}:10250")


def neighbour(server: Server) -> Row:
    """Give somebody else's server."""
    return _closed("another user's server", "notebook:8888", f"{server.address}:8888")


def _closed(what: str, place: str, where: str) -> Row:
    return Row(what, place, where, open=False)


def deaf(rows: Iterable[Row]) -> list[str]:
    """Name those at which nothing listens, as this machine sees it: that they are closed proves nothing."""
    return [row.place for row in rows if not _listens(row.where)]


def _listens(where: str) -> bool:
    host, port = where.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True
