"""Tells the hub and the lab when this server was really used: an extension of Jupyter's server.

Mounted into every server of the hub, whichever image it has; so it asks for nothing but Jupyter's server
itself. `use_clock` decides; this module reads and writes Jupyter's own records, answers the lab's page, and
reports to the hub when the regular report would come too late.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from inspect import isawaitable
from typing import Any

import use_clock
from tornado.httpclient import AsyncHTTPClient
from tornado.ioloop import PeriodicCallback

Json = dict[str, Any]
PATH = "server-use"
# Jupyter's server takes the newest of all its settings with this ending as its last activity.
_WORKED, _PRINTED, _ACTED = ("work_last_activity", "terminal_print_last_activity", "person_last_activity")


def _now() -> datetime:
    return datetime.now(UTC)


class Use:
    """What is known of this server's use."""

    def __init__(self, web_app: Any, spans: use_clock.Spans, log: Any) -> None:  # noqa: ANN401 -- Jupyter's
        self.app, self.spans, self.log = web_app, spans, log
        self.settings: Json = web_app.settings
        self.programs = use_clock.Programs()
        self.told: datetime = self.settings["started"]

    async def look(self) -> None:
        """Note work that leaves no trace in Jupyter's own record, and let the hub know in time."""
        now = _now()
        # Both, each time: the second counts from its last look.
        works = [use_clock.busy(await self._kernels()), self.programs.compute(now)]
        if any(works):
            self.settings[_WORKED] = now
        terminals = getattr(self.settings.get("terminal_manager"), "terminals", {})
        printed = [one.last_activity for one in terminals.values() if hasattr(one, "last_activity")]
        if printed:
            self.settings[_PRINTED] = max(printed)
        await self.tell()

    async def keep(self, kernels: list[str]) -> None:
        """Count as use that somebody is there, and wants these kernels too."""
        self.settings[_ACTED] = _now()
        manager = self.settings["kernel_manager"]
        for kernel in kernels:
            if kernel in manager:
                manager.get_kernel(kernel).last_activity = _now()
        await self.tell()

    async def ends(self) -> Json:
        """Say what ends when, for the lab's page."""
        now = _now()
        idle = float(getattr(self.settings["kernel_manager"], "cull_idle_timeout", 0))
        found = use_clock.ends(self.spans, self.settings["started"], self.app.last_activity(), now)
        found += use_clock.kernel_ends(await self._kernels(), idle, now)
        return {"again": self.spans.again, "ends": [asdict(one) for one in found]}

    async def tell(self) -> None:
        """Report to the hub, where it would hear too late."""
        now, used = _now(), self.app.last_activity()
        url = os.environ.get("JUPYTERHUB_ACTIVITY_URL")
        if not url or not use_clock.must_tell(self.spans, used, self.told, now):
            return
        when = used.isoformat()
        server = {os.environ.get("JUPYTERHUB_SERVER_NAME", ""): {"last_activity": when}}
        token = os.environ.get("JUPYTERHUB_API_TOKEN", "")
        try:
            await AsyncHTTPClient().fetch(
                url,
                method="POST",
                headers={"Authorization": f"token {token}", "Content-Type": "application/json"},
                body=json.dumps({"servers": server, "last_activity": when}),
            )
        except Exception as error:
            # It is tried again at the next look: a hub that restarts stops nobody meanwhile.
            self.log.warning("The hub could not be told of this server's use: %s", error)
        else:
            self.told = used

    async def _kernels(self) -> list[Json]:
        listed = self.settings["kernel_manager"].list_kernels()
        kernels: list[Json] = await listed if isawaitable(listed) else listed
        sessions = await self.settings["session_manager"].list_sessions() if kernels else []
        names = {one["kernel"]["id"]: one.get("path") or one.get("name") or "" for one in sessions}
        return [{**kernel, "name": names.get(kernel["id"], kernel["name"])} for kernel in kernels]


def only_acts_count(handler: Any, api: str) -> None:  # noqa: ANN401 -- Jupyter's class
    """Leave requests that a page sends by itself out of Jupyter's record of activity."""
    counted: Callable[[Any], None] = handler.update_api_activity

    def update(request: Any) -> None:  # noqa: ANN401 -- as above
        if use_clock.acts(request.request.method, request.request.path, api):
            counted(request)

    handler.update_api_activity = update


def _handler(use: Use) -> tuple[Any, Any]:
    from jupyter_server.base.handlers import APIHandler
    from tornado.web import authenticated

    class Asked(APIHandler):  # type: ignore[misc]
        """Answers the lab's page; to ask is no use, to act is."""

        _track_activity = False

        @authenticated  # type: ignore[untyped-decorator]
        async def get(self) -> None:
            self.finish(json.dumps(await use.ends()))

        @authenticated  # type: ignore[untyped-decorator]
        async def post(self) -> None:
            await use.keep((self.get_json_body() or {}).get("kernels", []))
            self.finish(json.dumps(await use.ends()))

    return Asked, APIHandler


def _load_jupyter_server_extension(server: Any) -> None:  # noqa: ANN401 -- Jupyter's application
    spans = use_clock.Spans.given(os.environ)
    if spans is None:
        return
    use = Use(server.web_app, spans, server.log)
    base = server.web_app.settings["base_url"].rstrip("/")
    asked, handler = _handler(use)
    only_acts_count(handler, f"{base}/api/")
    server.web_app.add_handlers(".*$", [(f"{base}/{PATH}", asked)])
    looking = PeriodicCallback(use.look, 1000 * spans.again)
    looking.start()
    # Kept from being collected as long as the server runs.
    server.web_app.settings["server_use"] = looking
