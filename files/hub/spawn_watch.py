"""A spawner that says why a server does not start, and does not let anybody wait for what will not come.

Runs in the hub, around KubeSpawner. While a pod starts, what the scheduler and the kubelet say of it is read;
a trouble that lasts ends the start with its reason. A pod that has its place and pulls its image is in no
trouble, and has the whole time of a start.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

from kubernetes_asyncio.client.rest import ApiException
from kubespawner import KubeSpawner
from kubespawner.clients import shared_client
from spawn_marks import cannot_start, marked, resources
from spawn_room import Room, Sight, of_cluster
from spawn_words import LATER, SMALLER, Trouble, of_pod, of_refusal, of_time
from tornado.web import HTTPError
from traitlets import Bool, default
from traitlets.config import import_item

_LOOKS_EVERY = 1.0
# The hub's own end of a start says nothing but that it ended: ours comes before.
_BEFORE_THE_END = 10.0


class CannotStart(HTTPError):  # type: ignore[misc]  # its package is in the hub's image alone
    """A server that does not start, for a reason that is not the hub's fault."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(409, "%s", trouble.sentence, reason="Cannot Start")
        self.trouble = trouble
        # What the page of a start shows.
        self.jupyterhub_message = trouble.sentence

    def __str__(self) -> str:
        """The log has the cluster's own words, too."""
        return f"{self.trouble.word}: {self.trouble.sentence} {self.trouble.says}".strip()


class Held:
    """How long the present trouble has lasted; another one starts anew."""

    def __init__(self) -> None:
        self._word, self._since = "", 0.0

    def too_long(self, trouble: Trouble | None, now: float, *, grows: bool, whole: float) -> bool:
        """Whether a trouble ends the start now."""
        if trouble is None:
            self._word = ""
            return False
        if trouble.word != self._word:
            self._word, self._since = trouble.word, now
        # Where nodes are added for pods that wait, they wait for one.
        patience = whole if grows and trouble.for_room else trouble.patience
        return now - self._since >= patience


class Explained(KubeSpawner):  # type: ignore[misc]  # its package is in the hub's image alone
    """KubeSpawner with reasons."""

    sees_nodes = Bool(False, help="Whether the hub may list nodes and pods of the cluster.").tag(config=True)
    cluster_grows = Bool(False, help="Whether nodes are added when pods wait for room.").tag(config=True)
    pushes_out = Bool(False, help="Whether servers with a GPU end pods of lower priority.").tag(config=True)

    _sight: Sight | None = None

    @property
    def sight(self) -> Sight | None:
        """One for all servers of the hub: what it saw is good for everybody."""
        if self.sees_nodes and Explained._sight is None:
            Explained._sight = Sight(of_cluster(lambda: shared_client("CoreV1Api")))
        return Explained._sight if self.sees_nodes else None

    # The page.

    @default("options_form")  # type: ignore[untyped-decorator]  # as above
    def _options_form_default(self) -> Any:  # noqa: ANN401 -- text, or what makes it
        return self._form if self.profile_list else ""

    async def _form(self, _spawner: object) -> str:
        profiles = self._sorted_dict_values(self.profile_list)
        if callable(profiles):
            profiles = profiles(self)
            profiles = await profiles if asyncio.iscoroutine(profiles) else profiles
        room = await self._room(resources(profiles))
        grows = self.cluster_grows or self.pushes_out
        told = marked(profiles, room, self.node_selector, grows=grows)
        return str(self._render_options_form(told))

    async def _room(self, names: set[str], *, fresh: bool = False) -> Room | None:
        return await self.sight.room(names, fresh=fresh) if self.sight and names else None

    # The start.

    async def load_user_options(self) -> None:
        """Take the user's choice, and refuse at once what cannot start now."""
        await super().load_user_options()
        if not (self.cluster_grows or self.pushes_out) and (why := await self._lacking(fresh=True)):
            raise CannotStart(Trouble("room-lacking", f"{why} {SMALLER}"))

    async def _lacking(self, *, fresh: bool = False) -> str:
        asked = {name: int(count) for name, count in self.extra_resource_limits.items() if "/" in name}
        room = await self._room(set(asked), fresh=fresh)
        return cannot_start(asked, self.node_selector, room) if room else ""

    def start(self) -> asyncio.Future[str]:
        """Start, and give up with a reason."""
        return asyncio.ensure_future(self._start_explained())

    async def _start_explained(self) -> str:
        started = super().start()
        watching = asyncio.ensure_future(self._until_hopeless())
        try:
            await asyncio.wait({started, watching}, return_when=asyncio.FIRST_COMPLETED)
            if started.done():
                return str(started.result())
            raise CannotStart(watching.result())
        except Exception as error:
            raise self._explained(error) from error
        finally:
            for one in (started, watching):
                one.cancel()

    def _explained(self, error: Exception) -> Exception:
        if isinstance(error, ApiException) and (trouble := of_refusal(_message(error))):
            error = CannotStart(trouble)
        if isinstance(error, CannotStart):
            self._does_not_count()
        elif not hasattr(error, "jupyterhub_message"):
            # Of what nobody foresaw, people hear at least that it is not their doing.
            error.jupyterhub_message = f"Something went wrong in the hub. {LATER}"  # type: ignore[attr-defined]
        return error

    def _does_not_count(self) -> None:
        """Keep the hub up: many failures in a row restart it, and a full cluster is none of the hub's."""
        if self.handler:
            counts = self.handler.settings
            counts["failure_count"] = counts.get("failure_count", 0) - 1

    async def _until_hopeless(self) -> Trouble:
        held, began = Held(), time.monotonic()
        whole = self.start_timeout - _BEFORE_THE_END
        while (now := time.monotonic()) < began + whole:
            trouble = await self._trouble()
            if held.too_long(trouble, now, grows=self.cluster_grows, whole=whole):
                break
            await asyncio.sleep(_LOOKS_EVERY)
        else:
            trouble = await self._trouble() or of_time(whole, self._told())
        return trouble or of_time(whole, [])

    async def _trouble(self) -> Trouble | None:
        pods = self.pod_reflector.pods if self.pod_reflector else {}
        pod = pods.get(f"{self.namespace}/{self.pod_name}")
        # A pod that is ending is of an earlier start.
        if pod is None or "deletionTimestamp" in pod["metadata"]:
            return None
        return of_pod(pod, await self._known(pod))

    async def _known(self, pod: Mapping[str, Any]) -> str:
        waits = pod["status"].get("phase") == "Pending" and not pod["spec"].get("nodeName")
        return await self._lacking() if waits else ""

    def _told(self) -> list[Mapping[str, Any]]:
        return list(self.events) if self.events_enabled and self.event_reflector else []


def _message(error: ApiException) -> str:
    try:
        return str(json.loads(error.body)["message"])
    except (TypeError, ValueError, KeyError):
        return str(error.body or error.reason or "")


def explained(spawner: type | str) -> type | str:
    """Give the spawner with reasons for KubeSpawner, and any other one as it is."""
    return Explained if isinstance(spawner, str) and import_item(spawner) is KubeSpawner else spawner
