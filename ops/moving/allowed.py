"""What moving takes from the cluster: whether we may, and the text for whoever can allow it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

from ops.ending import Cannot
from ops.kubectl import Json, Kubectl, NoAnswer
from ops.moving.plan import Person
from ops.moving.steps import Step

_NAME = "jupyterhub-move-users"
_API = "rbac.authorization.k8s.io"


@dataclass(frozen=True)
class Right:
    """One verb on one resource; without a namespace it is the whole cluster's."""

    verb: str
    resource: str
    namespace: str = ""
    name: str = ""

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{f' {self.name}' if self.name else ''}{where}"


def needed(people: Iterable[Person]) -> list[Right]:
    """Give what the moves still to be done take."""
    rights: dict[Right, None] = {}
    for person in people:
        for home, step in person.homes:
            if step is Step.DONE:
                continue
            for verb in ("get", "patch"):
                rights[Right(verb, "persistentvolumes", name=home.volume)] = None
            for verb in ("get", "delete"):
                rights[Right(verb, "persistentvolumeclaims", home.source.namespace)] = None
            for verb in ("get", "create", "watch"):
                rights[Right(verb, "persistentvolumeclaims", home.target.namespace)] = None
    return list(rights)


def missing(cluster: Kubectl, rights: list[Right]) -> list[Right]:
    """Ask the cluster which of them we do not have; all in one request."""
    if not rights:
        return []
    reviews = [_review(one) for one in rights]
    given = json.dumps({"apiVersion": "v1", "kind": "List", "items": reviews})
    try:
        said = cluster.run(
            "create", "--validate=false", "--filename", "-", "--output", "json", given=given, seconds=60
        )
    except NoAnswer as refused:
        raise Cannot(
            f"The cluster does not say what you may do: {refused}\n"
            "    What follows: a move could stop halfway, so none is begun.\n"
            "    What to do:   see that `kubectl auth can-i get pods` answers."
        ) from refused
    return [right for right, allowed in zip(rights, _answers(said), strict=True) if not allowed]


def _answers(said: str) -> Iterator[bool]:
    """Read the answers, which stand one after another, or in one list."""
    reader, rest = json.JSONDecoder(), said.strip()
    while rest:
        found, end = reader.raw_decode(rest)
        for one in found["items"] if found["kind"] == "List" else [found]:
            yield bool(one.get("status", {}).get("allowed"))
        rest = rest[end:].strip()


def _review(right: Right) -> Json:
    asked = {"verb": right.verb, "resource": right.resource, "namespace": right.namespace, "name": right.name}
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: text for key, text in asked.items() if text}},
    }


def refuse(lacking: list[Right], stack: str) -> None:
    """Refuse to begin what could not be finished."""
    if lacking:
        listed = "\n".join(f"                  {one}" for one in lacking[:10])
        more = f"\n                  and {len(lacking) - 10} more" if len(lacking) > 10 else ""
        raise Cannot(
            f"You may not do what moving takes:\n{listed}{more}\n"
            "    What follows: nothing was changed.\n"
            f"    What to do:   give the cluster's owner what `ops move-users {stack} --map ... --rights` "
            "prints,\n                  to apply it, or to run this command. Volumes belong to the whole "
            "cluster:\n                  no Role of a namespace covers them."
        )


def text(rights: list[Right], user: str, namespaces: Iterable[str]) -> str:
    """Write what allows a user the moves that are planned, and nothing else, for the cluster's owner."""
    return "---\n".join(
        yaml.safe_dump(one, sort_keys=False, width=110) for one in _objects(rights, user, namespaces)
    )


def _objects(rights: list[Right], user: str, namespaces: Iterable[str]) -> Iterator[Json]:
    volumes = sorted({one.name for one in rights if one.resource == "persistentvolumes"})
    if volumes:
        rule = {
            "apiGroups": [""],
            "resources": ["persistentvolumes"],
            "verbs": ["get", "patch"],
            "resourceNames": volumes,
        }
        yield {**_head("ClusterRole"), "rules": [rule]}
        yield _binding("ClusterRole", user)
    for namespace in sorted({*namespaces}):
        yield {
            **_head("Role", namespace),
            "rules": [
                _rule("persistentvolumeclaims", "get", "list", "watch", "create", "delete"),
                _rule("pods", "get", "list"),
                _rule("pods/exec", "create"),
                {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
            ],
        }
        yield _binding("Role", user, namespace)


def _rule(resource: str, *verbs: str) -> Json:
    return {"apiGroups": [""], "resources": [resource], "verbs": list(verbs)}


def _head(kind: str, namespace: str = "") -> Json:
    metadata = {"name": _NAME, **({"namespace": namespace} if namespace else {})}
    return {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": metadata}


def _binding(kind: str, user: str, namespace: str = "") -> Json:
    return {
        **_head(f"{kind}Binding", namespace),
        "roleRef": {"apiGroup": _API, "kind": kind, "name": _NAME},
        "subjects": [{"apiGroup": _API, "kind": "User", "name": user}],
    }
