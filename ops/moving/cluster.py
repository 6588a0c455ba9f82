"""Claims and volumes of the cluster: looked at, kept, promised, made, deleted; each only as it was seen."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ops.kubectl import Json, Kubectl, NoAnswer
from ops.moving.homes import MARK, Home, Place, manifest, mark, note
from ops.moving.steps import RETAIN, Seen, Stays

_CLAIM, _VOLUME = "persistentvolumeclaim", "persistentvolume"
_SECONDS = 90
_BETWEEN = 0.3
_AT_ONCE = 100


@dataclass(frozen=True)
class Cluster:
    """One cluster, with a kubectl for each of the namespaces in question."""

    kubectls: Mapping[str, Kubectl]

    def claims(self, namespace: str) -> list[Json]:
        """Give all claims of a namespace."""
        return self.kubectls[namespace].items(f"{_CLAIM}s")

    def claim(self, place: Place) -> Json | None:
        """Give a claim."""
        return self.kubectls[place.namespace].find(_CLAIM, place.name)

    def pods(self, namespace: str) -> list[Json]:
        """Give the pods."""
        return self.kubectls[namespace].items("pods")

    def volumes(self, names: Iterable[str]) -> dict[str, Json]:
        """Give volumes by name, without those that are not there; none where we may not read them."""
        wanted, found = sorted(set(names)), dict[str, Json]()
        for start in range(0, len(wanted), _AT_ONCE):
            words = (
                "get",
                _VOLUME,
                *wanted[start : start + _AT_ONCE],
                "--ignore-not-found",
                "--output",
                "json",
            )
            try:
                said = self._any.run(*words, seconds=60)
            except NoAnswer as refused:
                if refused.forbidden:
                    return {}
                raise
            told = json.loads(said or "{}")
            found |= {one["metadata"]["name"]: one for one in told.get("items", [told] if told else [])}
        return found

    def volume(self, name: str) -> Json | None:
        """Give a volume; None also where we may not read it, which is told elsewhere."""
        return self.volumes([name]).get(name)

    def seen(self, home: Home) -> Seen:
        """Look at a home as it is now."""
        return Seen(
            old=self.claim(home.source),
            new=self.claim(home.target),
            volume=self.volume(home.volume),
            pods=self.pods(home.source.namespace),
        )

    def keep(self, home: Home, seen: Seen) -> None:
        """Have the volume outlive its claim, and note on it where it was and where it goes."""
        if seen.old is None or seen.volume is None:
            return
        at = f"{datetime.now(tz=UTC):%Y-%m-%dT%H:%M:%SZ}"
        noted = json.dumps(mark(home, seen.old, seen.volume, at))
        self._patch_volume(seen.volume, RETAIN, noted)

    def make(self, home: Home, seen: Seen) -> None:
        """Make the new claim: it waits for a volume that still belongs to the old one."""
        if seen.old is not None:
            given = json.dumps(manifest(home, seen.old))
            self.kubectls[home.target.namespace].run("create", "--filename", "-", given=given)

    def release(self, home: Home, seen: Seen) -> None:
        """Delete just the claim that was looked at, and no later one of its name."""
        if seen.old is None:
            return
        kubectl = self.kubectls[home.source.namespace]
        path = f"/api/v1/namespaces/{home.source.namespace}/persistentvolumeclaims/{home.source.name}"
        only = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": seen.old["metadata"]["uid"]},
        }
        kubectl.run("delete", "--raw", path, "--filename", "-", given=json.dumps(only))
        end = time.monotonic() + _SECONDS
        # By its uid: kubectl would wait for a new claim of the same name, too.
        while (self.claim(home.source) or {}).get("metadata", {}).get("uid") == seen.old["metadata"]["uid"]:
            if time.monotonic() > end:
                raise Stays(f"it is not gone after {_SECONDS} s: something holds it. Run this again.")
            time.sleep(_BETWEEN)

    def point(self, home: Home, seen: Seen) -> None:
        """Promise the volume to the new claim, if it is still of the old one."""
        if seen.volume is None or seen.new is None:
            return
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "namespace": home.target.namespace,
            "name": home.target.name,
        }
        held = seen.volume["spec"]["claimRef"]["uid"]
        patch = [
            {"op": "test", "path": "/spec/claimRef/uid", "value": held},
            {"op": "replace", "path": "/spec/claimRef", "value": claim},
        ]
        self._any.run("patch", _VOLUME, home.volume, "--type", "json", "--patch", json.dumps(patch))

    def wait(self, home: Home, _seen: Seen) -> None:
        """Wait until the new claim is bound."""
        bound = "--for=jsonpath={.status.phase}=Bound"
        words = ("wait", bound, f"{_CLAIM}/{home.target.name}", f"--timeout={_SECONDS}s")
        self.kubectls[home.target.namespace].run(*words, seconds=_SECONDS + 10)

    def forget(self, volume: Json) -> None:
        """Give a volume back the policy that it had, and remove our note."""
        policy = note(volume, MARK).get("policy")
        if not policy:
            raise Stays("it does not say which policy it had.")
        self._patch_volume(volume, policy, None)

    def _patch_volume(self, volume: Json, policy: str, noted: str | None) -> None:
        metadata = volume["metadata"]
        # With its version: of two that looked at the same volume, one gets it.
        patch = {
            "metadata": {"resourceVersion": metadata["resourceVersion"], "annotations": {MARK: noted}},
            "spec": {"persistentVolumeReclaimPolicy": policy},
        }
        words = ("patch", _VOLUME, metadata["name"], "--type", "merge", "--patch", json.dumps(patch))
        self._any.run(*words)

    @property
    def _any(self) -> Kubectl:
        return next(iter(self.kubectls.values()))
