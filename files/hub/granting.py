"""Gives a server what its owner may use, and nothing else: profiles, home, folder, services.

Runs in the hub. A server without these lines has no shared folder, no service and no way to one: what is
granted is added, so that nothing has to be taken away. KubeSpawner calls `dress` last, when profile and
options have been applied: no request can change what is done here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from capabilities import May, Rows
from tornado.web import HTTPError

Profile = dict[str, Any]
_VOLUME = "shared"


class NotGranted(HTTPError):  # type: ignore[misc]  # its package is in the hub's image alone
    """Somebody asks for what no group of theirs may: `refusal` is the word for the audit trail."""

    def __init__(self, refusal: str, sentence: str) -> None:
        super().__init__(403, sentence)
        self.refusal = refusal
        # What the page of a start shows.
        self.jupyterhub_message = sentence


class Granting:
    """What KubeSpawner and JupyterHub ask at the moment of a start."""

    def __init__(
        self, given: Mapping[str, Any], profiles: list[Profile], machines: Collection[str] = ()
    ) -> None:
        self.given = given
        self.profiles = profiles
        self.rows = Rows(given, machines)

    def profiles_of(self, user: Any) -> list[Profile]:  # noqa: ANN401 -- the hub's
        """Give the profiles that somebody may start."""
        may = self.rows.of(user).profiles
        return [profile for profile in self.profiles if profile["slug"] in may]

    def offer(self, spawner: Any) -> list[Profile]:  # noqa: ANN401 -- a spawner, of packages of the hub
        """Be KubeSpawner's `profile_list`: it is asked to show the list, and again at the start."""
        # The owner's, for a server that an administrator starts too.
        mine = self.profiles_of(spawner.user)
        if not mine:
            # An empty list means no choice to KubeSpawner, and not: no server.
            raise NotGranted("no_profile", "None of the server options is for a group of yours.")
        return mine

    def before_start(self, spawner: Any) -> None:  # noqa: ANN401
        """Say how large a home is made; one that is there keeps its size."""
        # Each time: the spawner of a server that was stopped may be the one of its next start.
        spawner.storage_capacity = self.rows.of(spawner.user).home or self.given["home"]

    def dress(self, spawner: Any, pod: Any) -> Any:  # noqa: ANN401 -- Kubernetes' own object
        """Add to a pod what its owner may use."""
        may = self.rows.of(spawner.user)
        container = next(one for one in pod.spec.containers if one.name == "notebook")
        self._folder(may, pod.spec, container)
        container.env_from = [*(container.env_from or []), *self._sources(may)]
        if self.given["services"]:
            told = {"name": "PLATFORM_SERVICES_GRANTED", "value": ",".join(may.services)}
            container.env = [*(container.env or []), told]
        pod.metadata.labels = {**(pod.metadata.labels or {}), **self._labels(may)}
        return pod

    def named_servers(self, handler: Any) -> int:  # noqa: ANN401 -- the hub's
        """Tell how many servers by name there may be. JupyterHub takes 0 for any; starts.py does not."""
        user = handler.current_user
        return self.rows.of(user).servers - 1 if user else 0

    def _folder(self, may: May, spec: Any, container: Any) -> None:  # noqa: ANN401
        shared = self.given.get("sharedFolder")
        if not shared or may.folder == "none":
            return
        reads = may.folder == "read"
        claim = {"claimName": shared["claim"]}
        spec.volumes = [*(spec.volumes or []), {"name": _VOLUME, "persistentVolumeClaim": claim}]
        mount = {"name": _VOLUME, "mountPath": shared["mountPath"], **({"readOnly": True} if reads else {})}
        container.volume_mounts = [*(container.volume_mounts or []), mount]

    def _sources(self, may: May) -> list[dict[str, Any]]:
        """Name what the container reads at its start; two services may share a Secret."""
        told = [self.given["services"][name] for name in may.services]
        secrets = dict.fromkeys(secret for one in told for secret in one["credentials"])
        # Optional: a container that starts again without its variables is worth more than none.
        known = [{"configMapRef": {"name": one["environment"], "optional": True}} for one in told]
        return [*known, *({"secretRef": {"name": name}} for name in secrets)]

    def _labels(self, may: May) -> dict[str, str]:
        return {f"{self.given['label']}/{name}": "true" for name in may.services}
