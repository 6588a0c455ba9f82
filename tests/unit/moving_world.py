"""Claims, volumes and a hub, as far as `ops move-users` asks them; what is deleted there is lost."""

from __future__ import annotations

import json
from ast import literal_eval
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from ops.kubectl import Json, Kubectl, NoAnswer

NAMESPACE = "jupyterhub"
NUMBERS = count(1)


class Killed(Exception):
    """The run ends here, as by a power cut."""


@dataclass
class State:
    """Everything there is, for all namespaces."""

    claims: dict[tuple[str, str], Json] = field(default_factory=dict)
    volumes: dict[str, Json] = field(default_factory=dict)
    content: dict[str, str] = field(default_factory=dict)
    pods: list[Json] = field(default_factory=list)
    users: dict[str, Json] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    """As `patch persistentvolumes`."""
    refused: dict[str, str] = field(default_factory=dict)
    """What a changing call of that verb is answered."""
    killed_after: int | None = None
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What somebody else does right after a change."""
    acts: bool = True
    makes_claims: bool = True
    numbered: bool = False

    def user(self, name: str, running: bool = False, **more: object) -> None:
        server = {"name": "", "running": running, "claim": f"claim-{slug(name)}"}
        self.users[name] = {
            "name": name,
            "administrator": False,
            "lastActivity": "2026-11-20T10:00:00Z",
            "groups": [],
            "tokens": 0,
            "sharesGiven": 0,
            "sharesTaken": 0,
            "servers": [server],
            **more,
        }

    def home(self, user: str, claim: str = "", namespace: str = NAMESPACE, server: str = "") -> str:
        """Make a home with a volume; give the volume's name."""
        name, volume = claim or f"claim-{slug(user)}{'--' + server if server else ''}", f"pv-{next(NUMBERS)}"
        made = claim_of(namespace, name, user, server, volume)
        made["metadata"]["uid"] = f"uid-{next(NUMBERS)}"
        made["status"] = {"phase": "Bound", "capacity": {"storage": "2Gi"}}
        self.claims[namespace, name] = made
        self.volumes[volume] = {
            "metadata": {"name": volume, "resourceVersion": "1", "annotations": {"provisioned-by": "x"}},
            "spec": {
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {"namespace": namespace, "name": name, "uid": made["metadata"]["uid"]},
            },
        }
        self.content[volume] = f"the files of {user}"
        return volume

    def files_of(self, user: str, namespace: str = NAMESPACE) -> str:
        """What somebody finds whose server starts now."""
        claim = self.claims[namespace, f"claim-{slug(user)}"]
        assert claim["status"]["phase"] == "Bound"
        volume = self.volumes[claim["spec"]["volumeName"]]
        assert volume["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
        return self.content[volume["metadata"]["name"]]

    def changed(self, what: str) -> None:
        self.changes.append(what)
        self.settle()
        self.meanwhile.pop(what, lambda: None)()
        if self.killed_after == len(self.changes):
            raise Killed

    def settle(self) -> None:
        """Do what Kubernetes does by itself."""
        for volume in self.volumes.values():
            held = volume["spec"].get("claimRef") or {}
            claim = self.claims.get((held.get("namespace", ""), held.get("name", "")))
            if claim and not held.get("uid") and claim["spec"]["volumeName"] == volume["metadata"]["name"]:
                held["uid"] = claim["metadata"]["uid"]
                claim["status"] = {"phase": "Bound", "capacity": {"storage": "2Gi"}}


def slug(name: str) -> str:
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)


def claim_of(namespace: str, name: str, user: str, server: str, volume: str) -> Json:
    annotations = {
        "hub.jupyter.org/username": user,
        "pv.kubernetes.io/bind-completed": "yes",
        **({"hub.jupyter.org/servername": server} if server else {}),
    }
    labels = {"component": "singleuser-storage", "hub.jupyter.org/username": slug(user)}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
            "storageClassName": "local-path",
            "volumeMode": "Filesystem",
            "volumeName": volume,
        },
    }


@dataclass(frozen=True)
class Pretended(Kubectl):
    """kubectl on that cluster."""

    state: State = field(default_factory=State)

    def run(self, *words: str, given: str | None = None, seconds: int = 20) -> str:
        verb = "exec" if words[0] == "exec" else words[0]
        if verb in self.state.refused and "SelfSubjectAccessReview" not in (given or ""):
            raise NoAnswer(" ".join(words), self.state.refused[verb])
        answered = getattr(self, f"_{verb}")(list(words[1:]), given or "")
        return answered if isinstance(answered, str) else json.dumps(answered)

    def _get(self, words: list[str], _given: str) -> object:
        kind, names = words[0], [word for word in words[1:] if not word.startswith("--") and word != "json"]
        if kind == "pods":
            return {"items": self.state.pods}
        if kind == "persistentvolumeclaims":
            return {
                "items": [one for (where, _), one in self.state.claims.items() if where == self.namespace]
            }
        if kind == "persistentvolumeclaim":
            return self.state.claims.get((self.namespace, names[0]), "")
        if "get persistentvolumes" in self.state.denied:
            raise NoAnswer("get persistentvolume", "Error from server (Forbidden): no")
        found = [self.state.volumes[name] for name in names if name in self.state.volumes]
        return "" if not found else found[0] if len(names) == 1 else {"kind": "List", "items": found}

    def _patch(self, words: list[str], _given: str) -> object:
        volume, patch = self.state.volumes[words[1]], json.loads(words[words.index("--patch") + 1])
        if words[words.index("--type") + 1] == "json":
            test, replaced = patch
            assert (test["op"], replaced["op"]) == ("test", "replace")
            if volume["spec"]["claimRef"].get("uid") != test["value"]:
                raise NoAnswer("patch", "the server rejected our request: test failed")
            volume["spec"]["claimRef"] = replaced["value"]
        else:
            metadata = volume["metadata"]
            if patch["metadata"]["resourceVersion"] != metadata["resourceVersion"]:
                raise NoAnswer("patch", "Error from server (Conflict)")
            volume["spec"] |= patch["spec"]
            merged = {**metadata["annotations"], **patch["metadata"]["annotations"]}
            metadata["annotations"] = {key: text for key, text in merged.items() if text is not None}
            metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
        self.state.changed(f"patch {words[1]}")
        return ""

    def _create(self, _words: list[str], given: str) -> object:
        made = json.loads(given)
        if made["kind"] == "List":
            # One after another, as kubectl prints them.
            return "\n".join(json.dumps(self._reviewed(one), indent=1) for one in made["items"])
        key = (made["metadata"]["namespace"], made["metadata"]["name"])
        if key[0] != self.namespace or key in self.state.claims:
            raise NoAnswer("create", "Error from server (AlreadyExists)")
        made["metadata"]["uid"], made["status"] = f"uid-{next(NUMBERS)}", {"phase": "Pending"}
        self.state.claims[key] = made
        self.state.changed(f"create {key[1]}")
        return ""

    def _reviewed(self, review: Json) -> Json:
        asked = review["spec"]["resourceAttributes"]
        return {
            **review,
            "status": {"allowed": f"{asked['verb']} {asked['resource']}" not in self.state.denied},
        }

    def _delete(self, words: list[str], given: str) -> object:
        name, only = words[1].rpartition("/")[2], json.loads(given)["preconditions"]["uid"]
        claim = self.state.claims.get((self.namespace, name))
        if claim is None or claim["metadata"]["uid"] != only:
            raise NoAnswer("delete", "Error from server (Conflict)")
        del self.state.claims[self.namespace, name]
        volume = self.state.volumes[claim["spec"]["volumeName"]]
        if (
            volume["spec"]["claimRef"].get("uid") == only
            and volume["spec"]["persistentVolumeReclaimPolicy"] != "Retain"
        ):
            # As a driver does with what nobody claims any more.
            del (
                self.state.volumes[claim["spec"]["volumeName"]],
                self.state.content[claim["spec"]["volumeName"]],
            )
        self.state.changed(f"delete {name}")
        return ""

    def _wait(self, words: list[str], _given: str) -> object:
        name = next(word for word in words if "/" in word).rpartition("/")[2]
        claim = self.state.claims.get((self.namespace, name))
        if claim is None or claim["status"]["phase"] != "Bound":
            raise NoAnswer("wait", "error: timed out waiting for the condition")
        return ""

    def _auth(self, _words: list[str], _given: str) -> object:
        return {"status": {"userInfo": {"username": "carol@example.org"}}}

    def _exec(self, _words: list[str], given: str) -> object:
        line = given.rstrip().rpartition("\n")[2]
        assert line.startswith("answer(json.loads(")
        told: Any = self._hub(
            json.loads(literal_eval(line.removeprefix("answer(json.loads(").removesuffix("))")))
        )
        return "Loading the hub's configuration\n" + json.dumps(told) + "\n"

    def _hub(self, errand: Json) -> Json:
        if errand["errand"] == "facts":
            homes = [self._named(user, server) for user, server in errand["wanted"]]
            users = list(self.state.users.values())
            return {
                "users": users,
                "homes": homes,
                "claims": self.state.makes_claims,
                "acts": self.state.acts,
            }
        assert errand["operator"] == "carol@example.org"
        for name in errand["users"]:
            if errand["errand"] == "remove":
                self.state.users.pop(name, None)
                self.state.changed(f"remove {name}")
            else:
                self.state.users[name]["servers"][0]["running"] = False
                self.state.pods.clear()
                self.state.changed(f"stop {name}")
        return {"left": {}}

    def _named(self, user: str, server: str) -> Json:
        name = f"claim-{slug(user)}{'--' + server if server else ''}"
        metadata = claim_of(self.namespace, name, user, server, "")["metadata"]
        found = {"user": user, "server": server, "claim": "" if self.state.numbered else name}
        return {**found, "labels": metadata["labels"], "annotations": metadata["annotations"]}


def mounting(claim: str, name: str = "jupyter-somebody") -> Json:
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": claim}}, {"name": "other"}]
    return {"metadata": {"name": name}, "spec": {"volumes": volumes}, "status": {"phase": "Running"}}
