"""Rules about a Reach, wherever it stands: one way, narrow enough, and an exception never silent.

One rule for each section, so that a fault of shape in one does not hide what is wrong in the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from settings.auth import Identities
from settings.door import Door
from settings.finding import Finding
from settings.network import Network, Reach
from settings.reaches import reaches
from settings.services import Services
from settings.storage import ExternalDatabase, Storage

# The shortest prefix that passes without a word: a /8 is all that a company has inside.
_WIDE = {4: 8, 6: 32}
_QUIC = 7844


def ways_of_the_network(network: Network) -> Iterator[Finding]:
    """Judge what hub and users reach by name of their own, and the egress proxy's place."""
    yield from _judged(network, "settings.network")
    if network.egress_proxy and network.egress_proxy.reach.egress_proxy:
        yield Finding(
            path="settings.network.egressProxy.reach.egressProxy",
            rule="N5",
            what="the egress proxy would be reached through itself.",
            follows="No packet finds it, and nothing goes out.",
            remedy="Write the proxy's addresses in cidrs, or its namespace.",
        )


def way_to_the_identity_provider(auth: Identities) -> Iterator[Finding]:
    """Judge how the hub reaches sign-in."""
    yield from _judged(auth, "settings.auth")


def way_to_the_database(database: ExternalDatabase) -> Iterator[Finding]:
    """Judge how the hub reaches its database, which is nowhere public."""
    yield from _judged(database, "settings.database")
    if database.reach.public443:
        yield Finding(
            path="settings.database.reach.public443",
            rule="N4",
            what="a database is not any public address at port 443.",
            follows=f"Port {database.port} stays closed, and the hub does not start.",
            remedy="Write its addresses in cidrs, or its namespace, with its port.",
        )
    elif not database.reach.egress_proxy and database.port not in database.reach.ports:
        yield Finding(
            path="settings.database.reach.ports",
            rule="N4",
            what=f"the hub asks port {database.port}, and {_ports(database.reach)} is open.",
            follows="The hub cannot reach its database, unless a Service translates the port.",
            remedy="Open the port on which the database's pods or servers listen.",
            severity="warning" if database.reach.namespace else "error",
        )


def way_to_the_bucket(storage: Storage) -> Iterator[Finding]:
    """Judge how notebooks reach object storage."""
    yield from _judged(storage, "settings.storage")


def ways_to_services(services: Services) -> Iterator[Finding]:
    """Judge how platform services are reached."""
    yield from _judged(services, "settings.services")


def way_of_the_tunnel(ingress: Door) -> Iterator[Finding]:
    """Judge how the tunnel's connector reaches Cloudflare: straight, and at its own port."""
    yield from _judged(ingress, "settings.ingress")
    if ingress.tunnel and not (ingress.tunnel.reach.cidrs and _QUIC in ingress.tunnel.reach.ports):
        yield Finding(
            path="settings.ingress.tunnel.reach",
            rule="N7",
            what=f"the connector needs Cloudflare's addresses at port {_QUIC}.",
            follows="It finds no way to the edge, and nobody reaches the hub.",
            remedy=f"Write Cloudflare's tunnel ranges in cidrs, with ports 443 and {_QUIC}.",
        )


def _judged(section: object, at: str) -> Iterator[Finding]:
    for path, reach in reaches(section, at):
        yield from _one_way(path, reach)
        yield from _details(path, reach)
        yield from _narrow(path, reach)
        yield from _exception(path, reach)


def _one_way(path: str, reach: Reach) -> Iterator[Finding]:
    ways = {
        "cidrs": bool(reach.cidrs),
        "namespace": bool(reach.namespace),
        "egressProxy": reach.egress_proxy,
        "public443": bool(reach.public443),
    }
    chosen = [name for name, given in ways.items() if given]
    if len(chosen) != 1:
        yield Finding(
            path=path,
            rule="N4",
            what=f"{' and '.join(chosen)} are both given." if chosen else "no way is given.",
            follows="It would stay closed, or be wider than one of them says.",
            remedy=f"Give exactly one of {', '.join(ways)}; for two ways write two entries.",
        )


def _details(path: str, reach: Reach) -> Iterator[Finding]:
    if reach.pods and not reach.namespace:
        yield Finding(
            path=f"{path}.pods",
            rule="N4",
            what="labels of pods are given, and no namespace.",
            follows="Outside a namespace nothing has labels: they would narrow nothing.",
            remedy="Add the namespace, or remove pods.",
        )
    if reach.public443 and reach.ports != (443,):
        yield Finding(
            path=f"{path}.ports",
            rule="N4",
            what=f"public443 is port 443, and {_ports(reach)} is asked for.",
            follows="Other ports to every public address let any program talk to any.",
            remedy="Remove ports, or write the addresses in cidrs.",
        )
    if not reach.ports:
        yield Finding(
            path=f"{path}.ports",
            rule="N4",
            what="the list of ports is empty.",
            follows="To Kubernetes a rule without ports opens all of them.",
            remedy="Write the ports that are needed.",
        )


def _narrow(path: str, reach: Reach) -> Iterator[Finding]:
    for cidr in reach.cidrs:
        network = ip_network(cidr)
        if network.prefixlen >= _WIDE[network.version]:
            continue
        everywhere = network.prefixlen == 0
        yield Finding(
            path=f"{path}.cidrs",
            rule="D21",
            what=f"{cidr} is every address there is, the cluster's own among them."
            if everywhere
            else f"{cidr} holds {network.num_addresses} addresses.",
            follows="Code reaches the API server, the databases and the cloud's metadata.",
            remedy="Write the ranges that are needed.",
            severity="error" if everywhere else "warning",
        )


def _exception(path: str, reach: Reach) -> Iterator[Finding]:
    if reach.public443 and reach.ports == (443,):
        yield Finding(
            path=f"{path}.public443",
            rule="N3",
            what=f"every public address is open at port 443: {reach.public443}.",
            follows="What runs there can send anything anywhere; the reason given must be worth it.",
            remedy="Write addresses in cidrs, or go through an egress proxy that knows host names.",
            # Whoever wrote it gave the reason with it: said again in every preview, it would teach people
            # to read past warnings.
            severity="note",
        )


def _ports(reach: Reach) -> str:
    return ", ".join(map(str, reach.ports)) or "none"


RULES = (
    ways_of_the_network,
    way_to_the_identity_provider,
    way_to_the_database,
    way_to_the_bucket,
    ways_to_services,
    way_of_the_tunnel,
)
