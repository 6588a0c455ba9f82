"""The life of one Kubernetes object, from the program's inputs to its deletion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NoReturn

from embedded.providers.changes import changes, mark_replacing, without_ignored
from embedded.providers.codec import Properties, Unknown, bare, has
from embedded.providers.errors import NotReady, PartlyDone, ProviderError
from embedded.providers.kube import names
from embedded.providers.kube.apply import EXISTS, must_force, with_ignored
from embedded.providers.kube.client import ApiError, Object, Unreachable
from embedded.providers.kube.cluster import Cluster
from embedded.providers.kube.discovery import NoSuchKind
from embedded.providers.kube.existing import Existing
from embedded.providers.kube.normalize import normalized, pruned, to_properties
from embedded.providers.kube.replacement import forcing
from embedded.providers.kube.settings import Settings
from embedded.providers.kube.state import checkpoint, hide, parse
from embedded.providers.lifecycle import Autoname, Checked, Differences, Live, Log, Update, Urn

NO_KIND = (
    "the Kubernetes API server reported that the apiVersion for this resource does not exist. Verify that "
    "any required CRDs have been created"
)


class Objects:
    """Handles every kind of object."""

    def __init__(self, cluster: Callable[[], Cluster], settings: Settings, log: Log) -> None:
        self._reach = cluster
        self._settings = settings
        self._log = log
        self._existing = Existing(cluster, settings, log)

    # Check and Diff ----------------------------------------------------------------------------------

    def check(self, urn: Urn, old: Properties, new: Properties, naming: Autoname) -> Checked:
        """Name the object, place it in a namespace, and write its inputs as the server would."""
        if urn.type.rsplit(":", 1)[-1].endswith("Patch"):
            raise ProviderError(f"{urn.type}: the embedded provider has no Patch resources")
        wanted = normalized(new)
        names.adopt_or_assign(urn, bare(old), wanted, naming)
        cluster = self._reach()
        place = names.metadata(wanted)
        if not place.get("namespace") and self._is_namespaced(cluster, wanted):
            place["namespace"] = cluster.namespace
        return Checked(hide(to_properties(wanted), new))

    def _is_namespaced(self, cluster: Cluster, obj: Object) -> bool:
        try:
            return cluster.discovery.of(obj).namespaced
        except (NoSuchKind, Unreachable):
            return True  # most likely a custom resource whose definition is made in the same run

    def diff(
        self, urn: Urn, state: Properties, old: Properties, new: Properties, ignored: Sequence[str]
    ) -> Differences:
        """Compare the live object, as far as it was asked for, with the new inputs."""
        asked, live = parse(state)
        asked, wanted = normalized(asked), normalized(new)
        is_ = normalized(pruned(live, asked))
        cluster = self._reach()
        self._align(is_, wanted, live, namespaced=self._is_namespaced(cluster, wanted))
        found = without_ignored(changes(is_, wanted, {**asked, **_identity(is_)}), ignored)
        found = mark_replacing(found, forcing(wanted, self._settings))
        name, old_name = names.name_of(wanted), names.name_of(live)
        in_place = (
            any(one.replaces for one in found)
            and bool(name)
            and not names.is_autonamed(wanted)
            and name == old_name
            and wanted["metadata"].get("namespace") == is_["metadata"].get("namespace")
        )
        return Differences(found, delete_first=in_place)

    def _align(self, is_: Object, wanted: Object, live: Object, *, namespaced: bool) -> None:
        """Let what the program may leave out (namespace, kind, an unchanged name) show no difference."""
        for key in ("apiVersion", "kind"):
            is_.setdefault(key, live.get(key, wanted.get(key)))
            wanted.setdefault(key, is_[key])
        for obj in (is_, wanted):
            place = names.metadata(obj)
            if namespaced:
                place["namespace"] = place.get("namespace") or "default"
            else:
                place.pop("namespace", None)
        if names.name_of(wanted):
            is_["metadata"]["name"] = names.name_of(live)

    # Create and Update -------------------------------------------------------------------------------

    def create(self, urn: Urn, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        """Create over nothing, and wait until the object is ready."""
        asked = normalized(inputs)
        cluster = self._reach()
        if preview and (has(asked, Unknown) or not _served(cluster, asked)):
            return "", inputs
        manager = names.manager({}, asked)
        try:
            live = self._made(cluster, urn, asked, manager, preview)
        except (ApiError, NoSuchKind) as error:
            if preview and _cannot_try(error):
                return "", inputs
            self._refuse_create(urn, asked, error)
        if preview:
            live.pop("status", None)
            return "", checkpoint(asked, live, inputs, manager)
        return self._finish(urn, (asked, inputs, manager), live, timeout, created=True)

    def _made(self, cluster: Cluster, urn: Urn, asked: Object, manager: str, preview: bool) -> Object:
        if self._settings.upsert:
            return cluster.writer.apply(asked, manager, force=self._settings.patch_force, preview=preview)
        return cluster.writer.create(asked, preview=preview, warn=lambda text: self._warn(urn, text))

    def _warn(self, urn: Urn, text: str) -> None:
        if not (self._settings.suppress_deprecations and "deprecated" in text):
            self._log.warning(urn, text)

    def _refuse_create(self, urn: Urn, asked: Object, error: Exception) -> NoReturn:
        if isinstance(error, NoSuchKind):
            raise ProviderError(
                f"creation of resource {urn.text!r} failed because {NO_KIND}: {error}"
            ) from error
        message = f"resource {urn.text!r} was not successfully created by the Kubernetes API server: {error}"
        if isinstance(error, ApiError) and error.already_exists:
            hint = EXISTS.format(type=urn.type, name=urn.name, id=names.object_id(asked))
            message = f"{message}\n\n{hint}"
        raise ProviderError(message) from error

    def _finish(
        self,
        urn: Urn,
        made: tuple[Object, Properties, str],
        live: Object,
        timeout: float,
        *,
        created: bool,
    ) -> tuple[str, Properties]:
        """Wait for the object; one that exists but is not ready goes into the state with the reasons."""
        asked, inputs, manager = made
        cluster = self._reach()
        if live.get("kind") == "CustomResourceDefinition":
            cluster.waiter.until_served(live, lambda text: self._log.status(urn, text))
        try:
            live = cluster.waiter.until_ready(
                asked, live, timeout, lambda text: self._log.status(urn, text), created=created
            )
        except NotReady as error:
            what = "was successfully created" if created else "was updated"
            id_ = names.object_id(live)
            raise PartlyDone(
                f"resource {id_!r} {what}, but the Kubernetes API server reported that it failed to fully "
                f"initialize or become live: {error}",
                id_=id_,
                state=checkpoint(asked, error.live or live, inputs, manager),
                reasons=error.reasons,
            ) from error
        except ApiError as error:
            raise ProviderError(f"resource {urn.text!r} vanished while it was waited for: {error}") from error
        return names.object_id(live), checkpoint(asked, live, inputs, manager)

    def update(self, urn: Urn, change: Update) -> Properties:
        """Apply new inputs to the live object, and wait until it is ready."""
        asked = normalized(change.new)
        cluster = self._reach()
        if change.preview and (has(asked, Unknown) or not _served(cluster, asked)):
            return change.new
        manager = names.manager(change.state, asked)
        namespace, name = names.split_id(change.id)
        asked["metadata"].setdefault("name", name)
        try:
            path = cluster.discovery.of(asked).path(asked["metadata"].get("namespace") or namespace, name)
            live = cluster.client.get(path)
            updated = self._applied(cluster, asked, live, manager, change)
        except NoSuchKind as error:
            raise ProviderError(
                f"update of resource {urn.text!r} failed because {NO_KIND}: {error}"
            ) from error
        except ApiError as error:
            if change.preview and error.reason == "Forbidden":
                return change.new
            raise ProviderError(f"update of resource {urn.text!r} failed: {error}") from error
        if change.preview:
            return checkpoint(asked, updated, change.new, manager)
        return self._finish(urn, (asked, change.new, manager), updated, change.timeout, created=False)[1]

    def _applied(self, cluster: Cluster, asked: Object, live: Object, manager: str, change: Update) -> Object:
        if asked.get("kind") == "CustomResourceDefinition":
            return cluster.writer.replace(asked, live, manager, preview=change.preview)
        if not change.preview:
            live = cluster.writer.take_over(live, manager)
        force = must_force(asked, live, always=self._settings.patch_force, preview=change.preview)
        wanted = with_ignored(asked, live, change.ignored)
        return cluster.writer.apply(wanted, manager, force=force, preview=change.preview)

    # Read and Delete ---------------------------------------------------------------------------------

    def read(self, urn: Urn, id_: str, state: Properties, inputs: Properties) -> Live:
        """Look at the live object."""
        return self._existing.read(urn, id_, state, inputs)

    def delete(self, urn: Urn, id_: str, state: Properties, timeout: float) -> None:
        """Delete the object."""
        self._existing.delete(urn, id_, state, timeout)


def _identity(obj: Object) -> Object:
    """Say that identity was asked for, so that a namespace taken out of the program is a change."""
    return {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": obj.get("metadata")}


def _served(cluster: Cluster, obj: Object) -> bool:
    try:
        return cluster.discovery.knows(obj)
    except Unreachable:
        return False


def _cannot_try(error: Exception) -> bool:
    """Whether a dry run says nothing: what it needs is made in the same run, or it may not be tried."""
    if not isinstance(error, ApiError):
        return True
    no_dry_run = error.reason == "BadRequest" and "dry run" in str(error).lower()
    return error.namespace_missing or error.already_exists or error.reason == "Forbidden" or no_dry_run
