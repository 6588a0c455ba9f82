"""The least that whoever deploys a stack must be allowed to do: `python -m ops.rights --stack S`.

Made from what the stack registers and what its chart renders, so it cannot fall behind either.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from chart.rendered import kinds
from chart.values import build
from ops import errand_rights
from ops.errand_rights import Errand
from ops.needs import NEEDS, OWN, READ, Need, Resource
from ops.registered import Registered, registered
from ops.stack_files import PROJECT, Project, StackOption, place_of, settings_in
from ops.telling import plain
from settings import Settings

NAME = "jupyterhub-deployer"
_API = "rbac.authorization.k8s.io"
_ROLE = f"{_API}/v1:Role"
_CLUSTER_ROLE = f"{_API}/v1:ClusterRole"
_RELEASE = "helm.sh/v3:Release"
Json = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Lists in one line, and each written where it stands."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401 -- PyYAML's signature
        return True


@dataclass
class Rights:
    """Verbs by resource for each namespace, and the objects of the cluster that no Role can cover."""

    inside: dict[str, dict[Resource, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    cluster_wide: dict[Resource, list[str]] = field(default_factory=dict)
    everywhere: dict[Resource, set[str]] = field(default_factory=dict)
    """Verbs in all namespaces: what a ClusterRole of the stack's has."""

    def allow(self, namespace: str, resource: Resource, verbs: Iterable[str]) -> None:
        """Add verbs."""
        self.inside[namespace].setdefault(resource, set()).update(verbs)


def rights(settings: Settings, objects: Iterable[Registered]) -> Rights:
    """Find what a deployment of these settings does, which registers these objects."""
    found = Rights()
    home = settings.namespace.name
    for one in objects:
        need = NEEDS[one.kind]
        if need.cluster_wide:
            found.cluster_wide.setdefault((need.group, need.resource), []).append(one.name)
        else:
            _own(found, one.namespace or home, need)
        if one.kind == _ROLE:
            _held(found, one)
        if one.kind == _CLUSTER_ROLE:
            _held_everywhere(found, one)
        if one.kind == _RELEASE:
            for kind in kinds(build(settings)):
                _own(found, one.namespace or home, NEEDS[kind])
    return found


def _own(found: Rights, namespace: str, need: Need) -> None:
    found.allow(namespace, (need.group, need.resource), OWN | need.extra)
    for resource in need.reads:
        found.allow(namespace, resource, READ)


def _held(found: Rights, role: Registered) -> None:
    """Add a Role's own rules: nobody makes a Role with rights that they do not hold themselves."""
    for resource, verbs in _rules(role):
        found.allow(role.namespace, resource, verbs)


def _held_everywhere(found: Rights, role: Registered) -> None:
    for resource, verbs in _rules(role):
        found.everywhere.setdefault(resource, set()).update(verbs)


def _rules(role: Registered) -> Iterator[tuple[Resource, list[str]]]:
    for rule in role.inputs["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                yield (group, resource), rule["verbs"]


def namespaced(found: Rights, home: str) -> Iterator[Json]:
    """Give the service account, and for each namespace Role and RoleBinding."""
    yield _object("v1", "ServiceAccount", {"namespace": home})
    subject = {"kind": "ServiceAccount", "name": NAME, "namespace": home}
    for namespace, allowed in sorted(found.inside.items()):
        rules = [
            {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
            for (group, verbs), resources in sorted(_joined(allowed).items())
        ]
        yield {**_object(f"{_API}/v1", "Role", {"namespace": namespace}), "rules": rules}
        yield {
            **_object(f"{_API}/v1", "RoleBinding", {"namespace": namespace}),
            "roleRef": {"apiGroup": _API, "kind": "Role", "name": NAME},
            "subjects": [subject],
        }


def _joined(allowed: Mapping[Resource, set[str]]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    joined: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), verbs in sorted(allowed.items()):
        joined.setdefault((group, tuple(sorted(verbs))), []).append(resource)
    return joined


def cluster_wide(found: Rights, home: str) -> Iterator[Json]:
    """Give a ClusterRole with its binding for the objects that belong to the cluster, if there are any."""
    rules: list[Json] = []
    for (group, resource), names in sorted(found.cluster_wide.items()):
        of = {"apiGroups": [group], "resources": [resource]}
        # What does not exist yet has no name to be bound to.
        rules += [
            {**of, "verbs": ["create"]},
            {**of, "resourceNames": sorted(names), "verbs": sorted(OWN - {"create"})},
        ]
    rules += [
        {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
        for (group, verbs), resources in sorted(_joined(found.everywhere).items())
    ]
    if rules:
        name = {"name": f"{NAME}-{home}"}
        yield {**_object(f"{_API}/v1", "ClusterRole", name), "rules": rules}
        yield {
            **_object(f"{_API}/v1", "ClusterRoleBinding", name),
            "roleRef": {"apiGroup": _API, "kind": "ClusterRole", **name},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": home}],
        }


def _object(version: str, kind: str, metadata: Mapping[str, str]) -> Json:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": NAME, **metadata}}


def _text(one: Json) -> str:
    return yaml.dump(one, Dumper=_Dumper, sort_keys=False, default_flow_style=None, width=110)


def as_yaml(settings: Settings, found: Rights) -> str:
    """Write manifests for `kubectl apply -f -`; the cluster-wide part stands apart, and is commented out."""
    home = settings.namespace.name
    parts = [_text(one) for one in namespaced(found, home)]
    if wide := list(cluster_wide(found, home)):
        named = [f"{resource} {', '.join(names)}" for (_, resource), names in found.cluster_wide.items()]
        text = "---\n".join(_text(one) for one in wide)
        parts.append(
            f"# Not covered, since it belongs to the whole cluster: {'; '.join(named)}.\n"
            "# Ask the cluster's owner for what follows; no Role of a namespace can give it.\n"
            + "".join(f"# {line}\n" for line in text.splitlines())
        )
    return "---\n".join(parts)


def as_json(settings: Settings, found: Rights) -> str:
    """Write the same for programs."""
    home = settings.namespace.name
    told = {"namespaced": list(namespaced(found, home)), "clusterWide": list(cluster_wide(found, home))}
    return json.dumps(told, indent=2) + "\n"


def register(app: typer.Typer) -> None:
    """Add the command to those of `python -m ops`."""
    app.command(
        "rights",
        epilog="Examples: [bold]ops rights --stack aiv-prod > rights.yaml[/bold]; "
        "[bold]ops rights --stack aiv-prod --for smoke[/bold]",
    )(_command)


def _command(
    stack: StackOption,
    config_file: Annotated[
        Path | None, typer.Option(help="A stack file elsewhere, as pulumi has it.", show_default=False)
    ] = None,
    errand: Annotated[
        Errand, typer.Option("--for", help="Whose rights: to deploy, or for one command alone.")
    ] = Errand.DEPLOY,
    as_json_: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    project: Project = PROJECT,
) -> None:
    """The least that whoever deploys a stack must be allowed to do, as manifests for kubectl.

    With --for smoke, why or break-glass: the least for that command, as a Role of its own.
    """
    settings = settings_in(config_file or place_of(stack, project))
    if errand is not Errand.DEPLOY:
        plain((errand_rights.as_json if as_json_ else errand_rights.as_yaml)(errand, settings))
        return
    found = rights(settings, registered(settings))
    plain((as_json if as_json_ else as_yaml)(settings, found))


if __name__ == "__main__":
    # Here, since the list of all commands imports this one.
    from ops.cli import app as every

    every(["rights", *sys.argv[1:]], prog_name="ops")
