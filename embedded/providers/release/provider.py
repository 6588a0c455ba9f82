"""The life of a Helm release: installed, upgraded, repaired after a failure, uninstalled."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from embedded.providers.changes import changes, mark_replacing, without_ignored
from embedded.providers.codec import UNKNOWN, Properties, Unknown, Value, bare, has
from embedded.providers.errors import PartlyDone, ProviderError
from embedded.providers.kube.client import ApiError
from embedded.providers.kube.cluster import Cluster
from embedded.providers.kube.names import qualified, split_id
from embedded.providers.lifecycle import Autoname, Checked, Differences, Live, Log, Update, Urn
from embedded.providers.release import inputs as given
from embedded.providers.release import why
from embedded.providers.release.helm import Helm, Outcome
from embedded.providers.release.records import Record, history, latest

KEPT = "__inputs"
IN_USE = "cannot re-use a name that is still in use"
BUSY = "another operation (install/upgrade/rollback) is in progress"
NOT_FOUND = "release: not found"
ADOPT = (
    "A release of this name exists that this stack does not know. To manage it from now on: "
    "pulumi import {type} {urn} {id} --generate-code=false; to be rid of it: "
    "helm uninstall {name} -n {namespace}"
)
FREE = (
    "Revision {revision} of {id} is {status}: an earlier run was interrupted, or somebody else's still "
    "goes on. When none does, free it with: {command}"
)


class Releases:
    """Handles kubernetes:helm.sh/v3:Release."""

    def __init__(
        self, cluster: Callable[[], Cluster], helm: Path, log: Log, cancelled: threading.Event
    ) -> None:
        self._reach = cluster
        self._helm = Helm(helm, cancelled)
        self._log = log

    def busy(self) -> bool:
        """Whether Helm runs right now."""
        return self._helm.running

    # Check and Diff ----------------------------------------------------------------------------------

    def check(self, urn: Urn, old: Properties, new: Properties, naming: Autoname) -> Checked:
        """Complete the inputs and pin the chart's version, so that a new chart is a change."""
        inputs = given.complete(urn, old, new, self._reach().namespace)
        failures = given.refusals(inputs)
        if not has(new, Unknown) and not failures:
            chart, failure = self._chart(inputs)
            inputs["version"] = str(chart.get("version") or inputs["version"])
            if failure:
                reason = f"{failure}; check the chart name and repository configuration."
                failures.append(("chart", reason))
        return Checked(given.marked(inputs, new), failures)

    def _chart(self, inputs: Mapping[str, Value]) -> tuple[Mapping[str, Any], str]:
        shown = self._run(["show", "chart", *given.chart_arguments(inputs)], inputs)
        if shown.code:
            return {}, shown.error
        return yaml.safe_load(shown.out) or {}, ""

    def diff(
        self, urn: Urn, state: Properties, old: Properties, new: Properties, ignored: Sequence[str]
    ) -> Differences:
        """Compare the release as it is known with the new inputs."""
        asked = bare(state.get(KEPT)) or bare(old)
        is_ = {key: value for key, value in bare(state).items() if key != KEPT}
        found = without_ignored(changes(is_, bare(new), asked), ignored)
        return Differences(mark_replacing(found, (".name", ".namespace")))

    # Create and Update -------------------------------------------------------------------------------

    def create(self, urn: Urn, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        """Install, and wait until everything is ready."""
        if preview:
            return "", self._state(inputs, {**bare_of(inputs), "resourceNames": UNKNOWN, "status": UNKNOWN})
        plain = bare(inputs)
        before = self._latest(plain)
        ended = self._run(given.install_arguments(plain), plain, urn)
        after = self._latest(plain)
        if ended.code == 0 and after:
            return _id(plain), self._state(inputs, after.outputs(plain))
        self._failed(urn, inputs, ended, before, after)
        raise ProviderError(self._explained(urn, plain, ended.error))

    def update(self, urn: Urn, change: Update) -> Properties:
        """Upgrade; a release that failed before is repaired by the same."""
        if change.preview:
            unknown = {"resourceNames": UNKNOWN, "status": UNKNOWN}
            return self._state(change.new, {**bare_of(change.new), **unknown})
        plain = bare(change.new)
        before = self._latest(plain)
        if plain.get("lint"):
            self._lint(plain)
        ended = self._run(given.upgrade_arguments(plain), plain, urn)
        after = self._latest(plain)
        if ended.code == 0 and after:
            return self._state(change.new, after.outputs(plain))
        self._failed(urn, change.new, ended, before, after)
        raise ProviderError(self._explained(urn, plain, ended.error))

    def _lint(self, plain: Mapping[str, Value]) -> None:
        ended = self._run(["lint", given.chart_arguments(plain)[0]], plain, values=True)
        if ended.code:
            raise ProviderError(f"malformed chart or values: {ended.out.strip()}\n{ended.error}")

    def _failed(
        self, urn: Urn, inputs: Properties, ended: Outcome, before: Record | None, after: Record | None
    ) -> None:
        """Keep a release that was written but did not get ready: the next `pulumi up` upgrades it."""
        if after is None or (before and before.revision == after.revision):
            return
        plain = bare(inputs)
        id_ = _id(plain)
        reasons = why.reasons(self._reach().client, plain["namespace"], plain["name"])
        message = (
            f"Helm release {id_!r} was created, but failed to initialize completely ({after.status}, "
            f"revision {after.revision}): {ended.error}"
        )
        self._log.warning(urn, "\n  ".join([message, *reasons]))
        raise PartlyDone(
            message, id_=id_, state=self._state(inputs, after.outputs(plain)), reasons=[ended.error, *reasons]
        )

    def _explained(self, urn: Urn, plain: Mapping[str, Value], error: str) -> str:
        names = {"name": plain["name"], "namespace": plain["namespace"], "id": _id(plain)}
        if IN_USE in error:
            return f"{error}\n{ADOPT.format(type=urn.type, urn=urn.name, **names)}"
        if BUSY in error:
            return f"{error}\n{self._freeing(plain)}"
        return error

    def _freeing(self, plain: Mapping[str, Value]) -> str:
        records = history(self._reach().client, plain["namespace"], plain["name"])
        good = [one.revision for one in records if one.status in {"deployed", "superseded"}]
        command = (
            f"helm rollback {plain['name']} {good[-1]} -n {plain['namespace']}"
            if good
            else f"helm uninstall {plain['name']} -n {plain['namespace']}, then pulumi refresh"
        )
        last = records[-1]
        return FREE.format(revision=last.revision, id=_id(plain), status=last.status, command=command)

    def _latest(self, plain: Mapping[str, Value]) -> Record | None:
        return latest(self._reach().client, plain["namespace"], plain["name"])

    def _run(
        self,
        arguments: Sequence[str],
        plain: Mapping[str, Value],
        urn: Urn | None = None,
        *,
        values: bool = False,
    ) -> Outcome:
        """Run Helm; with a resource to speak about, its pods' progress is shown meanwhile."""
        cluster = self._reach()
        namespace = str(plain["namespace"])

        def watch() -> None:
            if urn:
                self._log.status(urn, why.progress(cluster.client, namespace, str(plain["name"])))

        sends_values = values or arguments[0] in {"install", "upgrade"}
        ended = self._helm.run(
            arguments,
            cluster.client.access,
            namespace,
            values=plain.get("values") or {} if sends_values else None,
            watch=watch,
        )
        if urn:
            self._log.status(urn, "")
        return ended

    def _state(self, inputs: Properties, outputs: Properties) -> Properties:
        return {**given.marked(outputs, inputs), KEPT: given.secret_inputs(inputs)}

    # Read and Delete ---------------------------------------------------------------------------------

    def read(self, urn: Urn, id_: str, state: Properties, inputs: Properties) -> Live:
        """Look at what Helm wrote down; with no state this is an import."""
        namespace, name = split_id(id_)
        if state:
            namespace, name = bare(state["namespace"]), bare(state["name"])
        try:
            record = latest(self._reach().client, namespace or self._reach().namespace, name)
        except ApiError as error:
            raise ProviderError(f"the release {id_!r} cannot be read: {error}") from error
        if record is None:
            return Live()
        known = state.get(KEPT)
        if known is None:
            return self._imported(urn, id_, record)
        kept = known.value if hasattr(known, "value") else known
        return Live(id_, self._state(kept, record.outputs({**bare(state), **bare(kept)})), kept)

    def _imported(self, urn: Urn, id_: str, record: Record) -> Live:
        chart, version = str(record.metadata.get("name")), str(record.metadata.get("version"))
        found = given.complete(
            urn,
            {},
            {
                "name": record.raw.get("name"),
                "namespace": record.namespace,
                "chart": local_chart(Path.cwd(), chart, version),
                "version": version,
                "values": record.values,
            },
            record.namespace,
        )
        return Live(id_, self._state(found, record.outputs(found)), found)

    def delete(self, urn: Urn, id_: str, state: Properties, timeout: float) -> None:
        """Uninstall; gone already is as good."""
        plain = bare(state)
        ended = self._run(given.uninstall_arguments(plain), plain, urn)
        if ended.code and NOT_FOUND not in ended.error:
            raise ProviderError(ended.error)


def bare_of(inputs: Properties) -> Properties:
    """Return the inputs without secretness, as the base of outputs."""
    return dict(bare(inputs))


def _id(plain: Mapping[str, Value]) -> str:
    return qualified(str(plain["namespace"]), str(plain["name"]))


def local_chart(directory: Path, name: str, version: str) -> str:
    """Find a chart beside the program, as an import does: with its version first, unpacked first."""
    for candidate in (f"{name}-{version}", f"{name}-{version}.tgz", name, f"{name}.tgz"):
        place = directory / candidate
        if (place / "Chart.yaml").exists() or (candidate.endswith(".tgz") and place.is_file()):
            return candidate
    return name
