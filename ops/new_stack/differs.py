"""What two environments never, or hardly ever, have in common: what becomes of it in a new stack's file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
Own = Callable[[str, Any], Any]
"""From the new stack's name and the other's value: a value of its own that harms nobody if it stays."""


@dataclass(frozen=True, kw_only=True)
class Differs:
    """A setting that belongs to one environment."""

    path: Path
    what: str
    """What belongs there."""
    own: Own | None = None
    """None: only people know; the other's value stays, and is marked."""

    @property
    def setting(self) -> str:
        """The path as findings write it."""
        return ".".join(("settings", *self.path))


def _name(name: str, _theirs: object) -> str:
    return name


def _hub(name: str, _theirs: object) -> str:
    return f"jupyterhub-{name}"


def _host(name: str, theirs: Any) -> str:  # noqa: ANN401
    return f"{name}.{str(theirs).partition('.')[2]}"


def _database(name: str, _theirs: object) -> str:
    return f"jupyterhub_{name.replace('-', '_')}"


def _prefix(name: str, theirs: Any) -> str:  # noqa: ANN401
    divider = theirs[-1] if theirs and theirs[-1] in "/-._" else "-"
    return f"{theirs}{name}{divider}"


def _key(name: str, theirs: Any) -> str:  # noqa: ANN401
    # Only of Vault's transit engine is the address the key's name; elsewhere it is an id that is given out.
    return f"hashivault://jupyterhub-{name}" if str(theirs).startswith("hashivault://") else str(theirs)


def _none(_name: str, _theirs: object) -> list[str]:
    return []


TABLE = (
    Differs(path=("about", "organisation"), what="whose environment it is"),
    Differs(path=("about", "cluster"), what="what its cluster is made of"),
    Differs(path=("about", "documents"), what="the documents that ask for it", own=_none),
    Differs(path=("about", "scale"), what="how many people, and how many at once"),
    Differs(path=("cluster", "context"), what="its context in the kubeconfig", own=_name),
    Differs(path=("cluster", "identifier"), what="the fixed name of its cluster", own=_name),
    Differs(path=("cluster", "kubernetes"), what="the version of its cluster"),
    Differs(path=("cluster", "gpu"), what="the GPUs that its cluster has"),
    Differs(path=("protection",), what="take it out where data is to be kept"),
    Differs(path=("namespace", "name"), what="its namespace", own=_hub),
    Differs(path=("namespace", "quota"), what="what it may take of its cluster"),
    Differs(path=("storage", "homes", "storageClass"), what="a class of its cluster"),
    Differs(path=("storage", "shared", "storageClass"), what="a class of its cluster"),
    Differs(path=("storage", "shared", "nfs"), what="an export of its own: files are shared over it"),
    Differs(path=("storage", "objectStore", "endpoint"), what="the object store that it uses"),
    Differs(path=("storage", "objectStore", "bucket"), what="a bucket of its own", own=_hub),
    Differs(path=("database", "storageClass"), what="a class of its cluster"),
    Differs(path=("database", "host"), what="the PostgreSQL that it uses"),
    Differs(
        path=("database", "name"),
        what="a database of its own: two hubs in one harm each other",
        own=_database,
    ),
    Differs(path=("ingress", "host"), what="the host that people type", own=_host),
    Differs(path=("ingress", "loadBalancerAddress"), what="the address that its host leads to"),
    Differs(path=("ingress", "tunnel", "name"), what="a tunnel of its own at Cloudflare", own=_hub),
    Differs(path=("auth", "tenantId"), what="the directory that people sign in by"),
    Differs(path=("auth", "clientId"), what="an application of its own: it knows one callback"),
    Differs(path=("auth", "team"), what="the team at Cloudflare"),
    Differs(path=("auth", "groups"), what="the groups that it speaks of"),
    Differs(path=("auth", "users"), what="who may sign in"),
    Differs(path=("auth", "administrators"), what="who administers it"),
    Differs(path=("auth", "expires"), what="the day on which its test ends"),
    Differs(path=("capabilities",), what="what each group may"),
    Differs(path=("network", "clusterRanges"), what="addresses of its cluster"),
    Differs(path=("network", "dns"), what="the resolver of its cluster"),
    Differs(path=("network", "apiServer"), what="the API server of its cluster"),
    Differs(path=("network", "ingressFrom"), what="what may reach its proxy"),
    Differs(path=("network", "egressProxy"), what="the way out of its network"),
    Differs(path=("services", "catalogue"), what="the platform services that it reaches"),
    Differs(path=("monitoring", "labels"), what="what its Prometheus looks for"),
    Differs(path=("monitoring", "grafana"), what="the Grafana that shows it"),
    Differs(path=("secrets", "store"), what="the store that it reads"),
    Differs(path=("secrets", "prefix"), what="entries of its own in the store", own=_prefix),
    Differs(path=("state", "backend"), what="where its organisation keeps state"),
    Differs(path=("state", "secretsProvider"), what="a key of its own", own=_key),
    Differs(path=("state", "owner"), what="who gives access to its state"),
)
"""In the order of a stack file. A test holds every path against the settings' models."""

OPTIONAL: Mapping[Path, Path] = {("database", "name"): ("database", "host")}
"""Settings with a default, and what shows that they are meant where they are not written."""


def at(document: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401
    """Give what stands at a path, or None."""
    here: Any = document
    for name in path:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here
