"""The least that the operators' own commands must be allowed to do: `ops rights --stack S --for smoke`.

Each errand has a Role of its own: a pipeline that tries a hub can neither deploy it nor enter its pods.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import yaml

from ops.smoke.cleaning import CLAIMS
from ops.smoke.lock import NAME as LOCK
from settings import Settings
from settings.door import CertManagerTls, Gateway
from settings.secrets import FromStore

Json = dict[str, Any]
_API = "rbac.authorization.k8s.io"
_SEE = ("get", "list")
# `kubectl delete` waits until a thing is gone, and watches that one.
_REMOVE = ("delete", "get", "list", "watch")
_WORKLOADS = ("daemonsets", "deployments", "statefulsets")


class Errand(StrEnum):
    """What somebody wants to do."""

    DEPLOY = "deploy"
    SMOKE = "smoke"
    WHY = "why"
    BREAK_GLASS = "break-glass"


@dataclass(frozen=True)
class Rule:
    """Verbs on resources of one group; with names, on these objects alone."""

    verbs: Sequence[str]
    resources: Sequence[str]
    group: str = ""
    names: Sequence[str] = ()

    def written(self) -> Json:
        """Write it as Kubernetes has it."""
        named = {"resourceNames": sorted(self.names)} if self.names else {}
        return {
            "apiGroups": [self.group],
            "resources": sorted(self.resources),
            **named,
            "verbs": sorted(self.verbs),
        }


@dataclass(frozen=True)
class Rights:
    """What an errand takes in its namespace; what of the cluster helps, and is done without."""

    inside: Sequence[Rule]
    helps: Sequence[Rule] = ()


def of(errand: Errand, settings: Settings) -> Rights:
    """Give what an errand takes at the hub of these settings."""
    return {Errand.SMOKE: _smoke, Errand.WHY: _why, Errand.BREAK_GLASS: _break_glass}[errand](settings)


def _smoke(_settings: Settings) -> Rights:
    return Rights(
        inside=(
            # What does not exist yet has no name to be bound to.
            Rule(("create",), ("configmaps",)),
            Rule((*_REMOVE, "patch", "update"), ("configmaps",), names=(LOCK,)),
            Rule(_SEE, ("pods", "persistentvolumeclaims")),
            Rule(_REMOVE, ("persistentvolumeclaims",), names=CLAIMS),
            # The release is a list of Secrets, and the token lies in the one that the hub has mounted.
            Rule(_SEE, ("secrets",)),
            Rule(_SEE, _WORKLOADS, "apps"),
        ),
        helps=(Rule(("list",), ("nodes", "pods")), Rule(("get",), ("persistentvolumes",))),
    )


def _why(settings: Settings) -> Rights:
    ours = settings.namespace.name
    inside = [
        Rule(_SEE, ("events", "persistentvolumeclaims", "pods")),
        Rule(("get",), ("pods/log",)),
        Rule(_SEE, ("secrets",)),
        Rule(_SEE, (*_WORKLOADS, "replicasets"), "apps"),
        Rule(_SEE, ("jobs",), "batch"),
    ]
    helps = [
        Rule(("list",), ("nodes",)),
        Rule(("get",), ("namespaces",), names=(ours,)),
        Rule(("list",), ("storageclasses",), "storage.k8s.io"),
    ]
    if isinstance(settings.ingress, Gateway):
        inside.append(Rule(_SEE, ("httproutes",), "gateway.networking.k8s.io"))
    elif settings.ingress.controller != "none" and not settings.ingress.tunnel:
        inside.append(Rule(_SEE, ("ingresses",), "networking.k8s.io"))
        helps.append(Rule(("list",), ("ingressclasses",), "networking.k8s.io"))
    if isinstance(settings.tls, CertManagerTls):
        inside.append(Rule(_SEE, ("certificates",), "cert-manager.io"))
    if isinstance(settings.secrets, FromStore):
        inside.append(Rule(_SEE, ("externalsecrets", "secretstores"), "external-secrets.io"))
    return Rights(tuple(inside), tuple(helps))


def _break_glass(_settings: Settings) -> Rights:
    return Rights(
        inside=(
            Rule(("get",), ("deployments",), "apps", names=("hub",)),
            Rule(_SEE, ("pods",)),
            # The name of the hub's pod is another one after each restart.
            Rule(("create",), ("pods/exec",)),
        )
    )


def objects(errand: Errand, settings: Settings) -> list[Json]:
    """Give service account, Role and RoleBinding."""
    name, home = f"jupyterhub-{errand}", settings.namespace.name
    rules = [rule.written() for rule in of(errand, settings).inside]
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": home}},
        {**_head("Role", name, home), "rules": rules},
        _bound("Role", name, home, home),
    ]


def helping(errand: Errand, settings: Settings) -> list[Json]:
    """Give a ClusterRole with its binding for what helps beyond the namespace, if anything does."""
    home = settings.namespace.name
    rules = [rule.written() for rule in of(errand, settings).helps]
    name = f"jupyterhub-{errand}-{home}"
    account = f"jupyterhub-{errand}"
    bound = _bound("ClusterRole", name, "", home)
    bound["subjects"][0]["name"] = account
    return [{**_head("ClusterRole", name), "rules": rules}, bound] if rules else []


def _head(kind: str, name: str, namespace: str = "") -> Json:
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": metadata}


def _bound(kind: str, name: str, namespace: str, home: str) -> Json:
    return {
        **_head(f"{kind}Binding", name, namespace),
        "roleRef": {"apiGroup": _API, "kind": kind, "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": home}],
    }


def as_yaml(errand: Errand, settings: Settings) -> str:
    """Write manifests for `kubectl apply -f -`; what helps beyond it stands apart, commented out."""
    parts = [_text(one) for one in objects(errand, settings)]
    if further := helping(errand, settings):
        text = "---\n".join(_text(one) for one in further)
        parts.append(
            "# It helps to see these, which belong to the whole cluster; without them less is told.\n"
            + "".join(f"# {line}\n" for line in text.splitlines())
        )
    return "---\n".join(parts)


def as_json(errand: Errand, settings: Settings) -> str:
    """Write the same for programs."""
    told = {"namespaced": objects(errand, settings), "clusterWide": helping(errand, settings)}
    return json.dumps(told, indent=2) + "\n"


def _text(one: Json) -> str:
    return str(yaml.safe_dump(one, sort_keys=False, default_flow_style=None, width=110))
