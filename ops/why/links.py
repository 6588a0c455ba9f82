"""Which object's fault shows at which other object: so that a cause stands for all that comes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from ops.why.cause import Ref
from ops.why.facts import Facts, Json, at, name_of, ref
from ops.why.troubles import awaited, user_of

Links = Mapping[Ref, set[Ref]]
_OWNED = {
    "pods": "Pod",
    "replicasets": "ReplicaSet",
    "jobs": "Job",
    "daemonsets": "DaemonSet",
    "statefulsets": "StatefulSet",
    "deployments": "Deployment",
}
_HOOK = "helm.sh/hook"


def links(facts: Facts) -> Links:
    """Give for each object those that it harms when it is not well."""
    found: dict[Ref, set[Ref]] = defaultdict(set)
    for source in (_owners, _pods, _servers, _release, _door, _brought):
        for cause, effect in source(facts):
            found[cause].add(effect)
    return found


def reached(start: tuple[Ref, ...], known: Links) -> set[Ref]:
    """Give all objects that are harmed, near and far."""
    found: set[Ref] = set()
    open_ends = list(start)
    while open_ends:
        for effect in known.get(open_ends.pop(), set()) - found:
            found.add(effect)
            open_ends.append(effect)
    return found


def _owners(facts: Facts) -> Iterator[tuple[Ref, Ref]]:
    for resource, kind in _OWNED.items():
        for one in facts.all(resource):
            for owner in at(one, "metadata.ownerReferences") or ():
                yield ref(one, kind), Ref(str(owner.get("kind")), str(owner.get("name")))


def _pods(facts: Facts) -> Iterator[tuple[Ref, Ref]]:
    for pod in facts.all("pods"):
        about = ref(pod, "Pod")
        if node := at(pod, "spec.nodeName"):
            yield Ref("Node", str(node)), about
        for read in _reads(pod):
            yield read, about
        component = at(pod, "metadata.labels.component")
        if component == "hub":
            yield Ref("Log", "hub"), about
            yield Ref("Errors", "hub"), about
        elif component == "cloudflared" or about.name.startswith("cloudflared"):
            yield Ref("Log", "cloudflared"), about


def _reads(pod: Json) -> Iterator[Ref]:
    for volume in at(pod, "spec.volumes") or ():
        for kind, path in (
            ("PersistentVolumeClaim", "persistentVolumeClaim.claimName"),
            ("ConfigMap", "configMap.name"),
            ("Secret", "secret.secretName"),
        ):
            if name := at(volume, path):
                yield Ref(kind, str(name))
    for one in [*(at(pod, "spec.initContainers") or ()), *(at(pod, "spec.containers") or ())]:
        yield from _given(one)


def _given(container: Json) -> Iterator[Ref]:
    """Give what a container reads into its environment."""
    single = [at(each, "valueFrom") or {} for each in container.get("env") or ()]
    for source in [*(container.get("envFrom") or ()), *single]:
        for kind, names in (("ConfigMap", "configMap"), ("Secret", "secret")):
            for path in (f"{names}Ref.name", f"{names}KeyRef.name"):
                if name := at(source, path):
                    yield Ref(kind, str(name))


def _servers(facts: Facts) -> Iterator[tuple[Ref, Ref]]:
    """Link a user's pod, there or gone, with the server that the hub speaks of."""
    for pod in facts.all("pods"):
        user = (at(pod, "metadata.annotations") or {}).get("hub.jupyter.org/username")
        if user:
            yield ref(pod, "Pod"), Ref("Server", str(user))
    for name in awaited(facts):
        yield Ref("Pod", name), Ref("Server", user_of(name, facts))
        if facts.user:
            yield Ref("Pod", name), Ref("Server", facts.user)


def _release(facts: Facts) -> Iterator[tuple[Ref, Ref]]:
    release = Ref("Release", facts.release)
    hooks = [ref(one, "Job") for one in facts.all("jobs") if _HOOK in _notes(one)]
    for resource, kind in _OWNED.items():
        for one in facts.all(resource):
            if _notes(one).get("meta.helm.sh/release-name") == facts.release or _HOOK in _notes(one):
                yield ref(one, kind), release
            if kind == "DaemonSet" and _HOOK in _notes(one):
                yield from ((ref(one, kind), hook) for hook in hooks)
    if any(lock.here and lock.alive for lock in facts.state.locks):
        yield Ref("Stack", facts.shell.stack), release


def _door(facts: Facts) -> Iterator[tuple[Ref, Ref]]:
    for one in facts.all("ingresses"):
        for part in at(one, "spec.tls") or ():
            yield Ref("Secret", str(part.get("secretName"))), ref(one, "Ingress")
    for one in facts.all("certificates"):
        yield ref(one, "Certificate"), Ref("Secret", str(at(one, "spec.secretName")))


def _brought(facts: Facts) -> Iterator[tuple[Ref, Ref]]:
    for one in facts.all("externalsecrets"):
        target = at(one, "spec.target.name") or name_of(one)
        yield ref(one, "ExternalSecret"), Ref("Secret", str(target))
        store = at(one, "spec.secretStoreRef.name")
        yield Ref("SecretStore", str(store)), ref(one, "ExternalSecret")


def _notes(one: Json) -> Mapping[str, str]:
    return at(one, "metadata.annotations") or {}
