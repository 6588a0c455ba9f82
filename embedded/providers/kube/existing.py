"""The end of an object's life and the looks at it in between: refresh, import, deletion."""

from __future__ import annotations

import copy
from collections.abc import Callable

from embedded.providers.codec import Properties
from embedded.providers.errors import NotReady, PartlyDone, ProviderError
from embedded.providers.kube import names
from embedded.providers.kube.client import ApiError, Call, Object, Unreachable
from embedded.providers.kube.cluster import Cluster
from embedded.providers.kube.discovery import NoSuchKind
from embedded.providers.kube.normalize import normalized, pruned, to_properties
from embedded.providers.kube.settings import Settings
from embedded.providers.kube.state import checkpoint, hide, parse
from embedded.providers.kube.waiting import SKIP, seconds_for
from embedded.providers.lifecycle import Live, Log, Urn

PROPAGATION = "pulumi.com/deletionPropagationPolicy"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
# Kinds whose deletion is not waited for with the annotation skipAwait, as upstream.
_LEFT_ALONE = frozenset(
    {"Namespace", "Pod", "ReplicationController", "DaemonSet", "Deployment", "StatefulSet", "Job"}
)


class Existing:
    """Looks at objects that exist, and deletes them."""

    def __init__(self, cluster: Callable[[], Cluster], settings: Settings, log: Log) -> None:
        self._reach = cluster
        self._settings = settings
        self._log = log

    def read(self, urn: Urn, id_: str, state: Properties, inputs: Properties) -> Live:
        """Look at the live object for a refresh; with no state this is an import of all of it."""
        try:
            cluster = self._reach()
            return self._read(cluster, urn, id_, state, inputs)
        except Unreachable as error:
            return self._unreachable(urn, error, Live(id_, state, inputs))

    def _unreachable(self, urn: Urn, error: Unreachable, known: Live) -> Live:
        self._log.warning(urn, str(error))
        if self._settings.delete_unreachable:
            return Live()
        if self._settings.skip_update_unreachable:
            return known
        raise ProviderError(
            f"failed to read resource state: {error}. If the cluster was deleted, run this again with "
            'PULUMI_K8S_DELETE_UNREACHABLE="true" to drop its resources from the state'
        ) from error

    def _read(self, cluster: Cluster, urn: Urn, id_: str, state: Properties, inputs: Properties) -> Live:
        asked, _ = parse(state) if state else ({}, {})
        asked = normalized(inputs) if inputs else asked
        imported = not asked
        api_version, kind = names.api_of(urn.type)
        known = {"apiVersion": asked.get("apiVersion") or api_version, "kind": asked.get("kind") or kind}
        namespace, name = names.split_id(id_)
        try:
            found = cluster.discovery.of(known)
            live = cluster.client.find(found.path(namespace or cluster.namespace, name))
        except NoSuchKind:
            return Live()  # its definition is gone, and the object with it
        if live is None:
            return Live()
        live = {**live, **known}
        manager = names.manager(state, asked)
        wanted = _imported(live) if imported else pruned(live, asked)
        seen = Live(
            id_, checkpoint(wanted, live, inputs, manager), hide(to_properties(copy.deepcopy(wanted)), inputs)
        )
        if not imported:
            self._still_ready(cluster, asked, live, seen)
        return seen

    def _still_ready(self, cluster: Cluster, asked: Object, live: Object, seen: Live) -> None:
        try:
            cluster.waiter.look_once(asked, live)
        except NotReady as error:
            raise PartlyDone(
                str(error), id_=seen.id, state=seen.state, reasons=error.reasons, inputs=seen.inputs
            ) from error

    def delete(self, urn: Urn, id_: str, state: Properties, timeout: float) -> None:
        """Delete the object and what it owns, and wait until it is gone; gone already is as good."""
        asked, live = parse(state)
        namespace, name = names.split_id(id_)
        policy = names.annotation(asked, PROPAGATION).capitalize() or "Foreground"
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy}
        try:
            cluster = self._reach()
            path = cluster.discovery.of(live).path(namespace, name)
            cluster.client.call(Call("DELETE", path, options))
        except NoSuchKind:
            return
        except Unreachable as error:
            self._unreachable(urn, error, Live())
            return
        except ApiError as error:
            if error.not_found:
                return
            raise ProviderError(f"{names.object_id(live)!r} was not deleted: {error}") from error
        if names.annotation(asked, SKIP) == "true" and live.get("kind") in _LEFT_ALONE:
            return
        self._until_gone(cluster, urn, id_, (asked, live, state), timeout)

    def _until_gone(
        self, cluster: Cluster, urn: Urn, id_: str, kept: tuple[Object, Object, Properties], timeout: float
    ) -> None:
        asked, live, state = kept
        limit = seconds_for({"metadata": asked.get("metadata")}, timeout)
        try:
            cluster.waiter.until_gone(live, limit, lambda text: self._log.status(urn, text))
        except NotReady as error:
            raise PartlyDone(str(error), id_=id_, state=state, reasons=error.reasons) from error


def _imported(live: Object) -> Object:
    """Take the whole live object as inputs, but for what only the server writes."""
    wanted = normalized({key: value for key, value in live.items() if key != "status"})
    notes = wanted["metadata"].get("annotations")
    if isinstance(notes, dict):
        for key in ("deployment.kubernetes.io/revision", LAST_APPLIED):
            notes.pop(key, None)
        if not notes:
            del wanted["metadata"]["annotations"]
    return wanted
