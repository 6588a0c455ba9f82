"""Choices of every section, as patches: whatever is joined of them is refused, or gives values that fit."""

from __future__ import annotations

from tests.unit.documents import Document, committed

ENDPOINT = {"cidrs": ["10.9.0.0/28"], "ports": [443]}
EDGE = {"cidrs": ["198.41.192.0/24"], "ports": [7844]}
INSIDE = {"namespace": "platform", "ports": [8080]}
VAULT = {"kind": "vault", "server": "https://vault.example.internal", "path": "kv", "role": "hub"}
PRIVATE = {"host": "hub.example.internal", "reach": "corporateNetwork", "tunnel": None, "port": 443}
PUBLIC = {"host": "hub.example.org", "reach": "public", "loadBalancerAddress": None, "port": 443}
NO_DOOR = dict.fromkeys(("className", "entryPoint", "gateway", "gatewayNamespace", "sectionName"))
NO_TLS = dict.fromkeys(("secretName", "issuer", "issuerKind"))


def _replaced(section: str, wanted: Document) -> Document:
    """Patch away whatever any stack has in a section, and lay the wanted fields over that."""
    stacks = ("local", "lab", "aiv-prod", "iav-test", "carbon254")
    gone = {name for stack in stacks for name in committed(stack).get(section, {})}
    return {section: {**dict.fromkeys(gone), **wanted}}


def _signed_in(stack: str) -> Document:
    """Sign in as a stack does, with a row for each group: what else a row names may not be there."""
    auth = committed(stack)["auth"]
    rows = {name: {"signIn": True, "servers": 2} for name in auth.get("groups", {})}
    every = {"everyone": {"profiles": ["all"], "services": ["all"]}}
    return {**_replaced("auth", auth), **_replaced("capabilities", {**every, **rows})}


SIGN_IN = [_signed_in(stack) for stack in ("lab", "aiv-prod", "iav-test", "carbon254")]
SIGN_IN += [
    {"auth": {"administrators": []}},
    {"auth": {"usernameClaim": "sub"}},
    {"auth": {"usernameClaim": "oid"}},
]
DOORS: list[Document] = [
    {"ingress": {**NO_DOOR, **PRIVATE, "controller": "traefik"}},
    {"ingress": {**NO_DOOR, **PRIVATE, "controller": "nginx", "maxBody": "1500M", "idleTimeout": "90s"}},
    {
        "ingress": {
            **NO_DOOR,
            **PRIVATE,
            "controller": "gateway",
            "gateway": "web",
            "gatewayNamespace": "gateways",
        }
    },
    {"ingress": {**NO_DOOR, **PRIVATE, "controller": "none"}},
    {"ingress": {**NO_DOOR, **PUBLIC, "controller": "none", "tunnel": {"name": "way", "reach": EDGE}}},
    {"ingress": {"host": "hub.localhost", "reach": "machine"}},
]
TLS = [
    {"tls": {**NO_TLS, "source": source, "secretName": "tls", "termination": end}}
    for source in ("pem", "pfx", "existingSecret")
    for end in ("ingress", "endToEnd")
]
TLS += [{"tls": {**NO_TLS, "source": "certManager", "issuer": "ca", "termination": "ingress"}}]
TLS += [
    {"tls": {**NO_TLS, "source": "none", "termination": end}} for end in ("edge", "loadBalancer", "nowhere")
]
DATABASES = [
    _replaced("database", {"kind": "sqlite", "storageClass": "disks", "claim": "state"}),
    *(
        _replaced(
            "database",
            {
                "kind": "external",
                "host": "db.example.internal",
                "sslMode": mode,
                "replicated": True,
                "reach": {"cidrs": ["10.9.1.0/28"], "ports": [5432]},
            },
        )
        for mode in ("require", "verify-full")
    ),
]
STORES: list[Document] = [
    {"storage": {"objectStore": None, "shared": None}},
    {"storage": {"homes": {"size": "1.5Gi", "accessMode": "ReadWriteOncePod"}}},
    {"storage": {"shared": {"storageClass": None, "nfs": {"server": "nfs.example.internal", "path": "/a"}}}},
]
SERVICES: list[Document] = [
    {"services": {"catalogue": []}},
    {
        "services": {
            "catalogue": [
                {"kind": "trino", "url": "https://trino.example", "reach": ENDPOINT, "usedBy": "both"},
                {
                    "kind": "trino",
                    "name": "2nd",
                    "url": "http://t.platform:8080",
                    "reach": INSIDE,
                    "credentials": "t",
                },
                {"kind": "kafka", "url": "kafka://kafka.platform", "reach": INSIDE, "credentials": "t"},
            ]
        }
    },
]
PLACES: list[Document] = [
    {"placement": {"coreNodes": {"a": "b"}, "hubApartFromProxy": True}},
    {"placement": {"userNodes": {"a": "b"}, "userTolerations": [{"key": "k", "value": "v"}]}},
    {"gpu": {"quota": {"nvidia.com/gpu": 2}, "priority": {"kind": "own", "value": -5}}},
    {
        "gpu": {
            "priority": {"kind": "existing", "name": "first"},
            "sharing": {"kind": "timeSlices", "replicas": 2},
        }
    },
    {"placement": {"gpuServers": "spread", "priority": {"core": "first", "users": "last"}}},
]
HUBS: list[Document] = [
    {"hub": {"limits": {"activeServers": 3, "concurrentSpawns": 1, "consecutiveFailures": 0}}},
    {"hub": {"proxyResources": {"limits": {"cpu": "1", "memory": "2G"}}}},
    {"culling": {"enabled": False}},
    {"culling": {"idle": "90s", "every": "1m", "maxAge": "1h30m"}},
    {"monitoring": None},
    {"monitoring": {"metrics": True, "namespaces": ["monitoring"]}},
    {"availability": {"kind": "none", "nodeLoss": None}},
    {"availability": {"kind": "fastRestart", "nodeLoss": "45s"}},
]
CLUSTERS: list[Document] = [
    {"cluster": {"caBundle": {"configMap": "company"}}},
    {"cluster": {"caBundle": None}},
    {"secrets": {"source": "cluster"}},
    {"secrets": {"source": "externalSecrets", "store": {"kind": "existing", "name": "vault"}}},
    {"secrets": {"source": "externalSecrets", "generation": 3, "store": VAULT}},
    {"images": {"pullSecrets": ["pull"], "mirror": "artifactory.aiv.internal/all"}},
    {"network": {"hubEgress": [{"name": "x", "reach": ENDPOINT}], "ingressFrom": ["edge"]}},
]
AXES = {
    "sign-in": SIGN_IN,
    "door": DOORS,
    "tls": TLS,
    "database": DATABASES,
    "store": STORES,
    "services": SERVICES,
    "place": PLACES,
    "hub": HUBS,
    "cluster": CLUSTERS,
}
