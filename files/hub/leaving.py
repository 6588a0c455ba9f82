"""Asks the provider again about everybody, and takes their rights from those who have left.

Runs in the hub, as the part that its authenticators share. JupyterHub asks an authenticator about a user
from time to time and before each start; oauthenticator answers from what it stored at sign-in, and never
asks again whether somebody may still come in. Here each time is a sign-in without a page: new tokens by the
refresh token, the same checks. An outage of the provider changes nothing, and proves nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Coroutine
from typing import Any

import departures
import rounds
from answers import answered
from jupyterhub.apihandlers.users import UserServerAPIHandler
from jupyterhub.handlers.pages import SpawnHandler
from jupyterhub.utils import maybe_future
from refused import Away, Refused
from signing_in import AuthModel, AuthState, SigningIn
from tornado.httpclient import HTTPClientError
from traitlets import Enum, Integer, List, Unicode

Verdict = AuthModel | bool

# Who was asked about so shortly ago is not asked about again: one page is several requests.
_JUST_NOW = 5.0
# Of whom the provider said nothing, it is not asked again at every request.
_PAUSE = 30.0


class Stored(dict[str, Any]):
    """Tokens of an earlier sign-in: what was checked when they came is not checked again."""


class Leaving(SigningIn):
    """An authenticator whose users are what the provider says of them now."""

    machine_users = List(
        Unicode(), config=True, help="Users whom nobody signs in as: the provider knows none."
    )
    leaving = Enum(
        ["keepServers", "stopServers"],
        "keepServers",
        config=True,
        help="What becomes of the running servers of somebody who has left.",
    )
    proof_lasts = Integer(3600, config=True, help="Seconds without an answer after which no server starts.")
    round_pause = Integer(120, config=True, help="Seconds between two looks at the users with servers.")

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 -- traitlets' own
        super().__init__(**kwargs)
        self._app: Any = None
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unanswered: dict[str, float] = {}
        self._tasks: set[asyncio.Task[Any]] = set()

    async def renewed(self, state: AuthState) -> dict[str, Any]:
        """Give tokens that speak of now; without a refresh token, those that there are."""
        token = state.get("refresh_token")
        if not token:
            return Stored(state["token_response"])
        fresh = await self.get_token_info(None, self.build_refresh_token_request_params(token))
        return {**fresh, "refresh_token": fresh.get("refresh_token") or token}

    def check_renewed(self, model: AuthModel) -> None:
        """Refuse what a renewed token shows and the one at sign-in did not."""

    def departed(self, user: Any, refusal: str, stopped: list[str]) -> None:  # noqa: ANN401 -- the hub's
        """Say that somebody has left, and which servers stop for it."""
        self.log.warning("%s has left (%s): signed out, no administrator", user.name, refusal)
        for name in stopped:
            self.log.warning("The server %r of %s is stopped", name, user.name)

    async def refresh_user(self, user: Any, handler: Any = None, **_more: Any) -> Verdict:  # noqa: ANN401 -- the hub's
        """Tell what is true of somebody now: a new model, no change (True), or signed out (False)."""
        if user.name in self.machine_users:
            return True
        # Two at once would spend one refresh token twice, and a provider takes that for a theft.
        async with self._turns[user.name]:
            verdict = await self._verdict(user)
        if verdict is not False and _starts(handler):
            if _is_known(handler):
                await self._proof_is_young(user)
            else:
                # The hub asks once in a request; this one has to be asked again, right before the start.
                handler._refreshed_users.discard(user.name)
        if verdict is False and handler is not None:
            handler.refusal = (await user.get_auth_state() or {}).get("left", "sign_in_again")
            if _reports(handler):
                return _let_it_report(user)
        return verdict

    async def pre_spawn_start(self, user: Any, spawner: Any) -> None:  # noqa: ANN401 -- the hub's
        """Start nothing for somebody of whom nothing was heard for long, by whatever way they came."""
        if user.name not in self.machine_users:
            await self._proof_is_young(user)
        await maybe_future(super().pre_spawn_start(user, spawner))

    def get_handlers(self, app: Any) -> list[Any]:  # noqa: ANN401 -- the hub's
        """Begin the rounds: the hub calls this once, when its loop runs."""
        self._app = app
        self._start(rounds.for_ever(app, self.look, self.round_pause))
        found: list[Any] = super().get_handlers(app)
        return found

    async def look(self, user: Any) -> None:  # noqa: ANN401 -- the hub's
        """Ask about somebody who need not come by, before the last answer is too old."""
        state = await user.get_auth_state() or {}
        if time.time() - state.get("proved_at", 0) > self.auth_refresh_age - self.round_pause:
            await self.refresh_user(user)

    async def _verdict(self, user: Any) -> Verdict:  # noqa: ANN401 -- the hub's
        state = await user.get_auth_state()
        if not state or "left" in state:
            if state and user.admin:
                # At its start the hub makes administrators of those whom the settings name.
                departures.administers(user, False)
            self._stop(user, state or {})
            return False
        if time.time() - state.get("proved_at", 0) < _JUST_NOW or self._was_silent(user):
            return True
        try:
            model = await self._proof(user, state)
        except Away as away:
            self._unanswered[user.name] = time.monotonic()
            self.log.warning("The provider says nothing of %s (%s): all stays", user.name, away.refusal)
            return True
        except Refused as refused:
            return await self._leaves(user, state, refused.refusal)
        await departures.keep(user, model)
        return model

    async def _proof(self, user: Any, state: AuthState) -> AuthModel:  # noqa: ANN401 -- the hub's
        try:
            tokens = await self.renewed(state)
            if tokens.get("refresh_token") != state.get("refresh_token"):
                # At once: should the next request fail, the old one is spent all the same.
                await user.save_auth_state({**state, "refresh_token": tokens["refresh_token"]})
            model: AuthModel = await answered(self._token_to_auth_model(tokens))
        except HTTPClientError as error:
            raise self.refused_by(error) from error
        if not self.same_person(model, state):
            raise Refused("another_person")
        if self.normalize_username(model["name"]) != user.name:
            raise Refused("renamed")
        if not self.check_blocked_users(user.name, model):
            raise Refused("blocked")
        self.check_renewed(model)
        await self.check_allowed(user.name, model)
        return model

    async def _leaves(self, user: Any, state: AuthState, refusal: str) -> bool:  # noqa: ANN401 -- the hub's
        now = await user.get_auth_state() or {}
        if now.get("proved_at") != state.get("proved_at"):
            # Signed in while the old session was asked about: the answer is about that one.
            return True
        if refusal != "sign_in_again":
            await departures.depart(user, self.subject_of(state), refusal)
            self.departed(user, refusal, self._stop(user, {"left": refusal}))
        return False

    async def _proof_is_young(self, user: Any) -> None:  # noqa: ANN401 -- the hub's
        state = await user.get_auth_state() or {}
        if "proved_at" not in state:
            raise Refused(state.get("left", "sign_in_again"), self.contact, user.name)
        if time.time() - state["proved_at"] > self.proof_lasts:
            raise Refused("proof_too_old", self.contact, user.name)

    def _was_silent(self, user: Any) -> bool:  # noqa: ANN401 -- the hub's
        return time.monotonic() - self._unanswered.get(user.name, float("-inf")) < _PAUSE

    def _stop(self, user: Any, state: AuthState) -> list[str]:  # noqa: ANN401 -- the hub's
        if not self._app or self.leaving != "stopServers" or "left" not in state:
            return []
        names = [name for name, spawner in user.spawners.items() if spawner.active and not spawner.pending]
        if names:
            self._start(departures.stop_servers(self._app, user, names))
        return names

    def _start(self, work: Coroutine[Any, Any, Any]) -> None:
        # The loop alone does not keep a task from being collected.
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _starts(handler: Any) -> bool:  # noqa: ANN401 -- the hub's
    """Whether a request is one to start a server: refused here, it counts as no failure of the hub's."""
    by_program = isinstance(handler, UserServerAPIHandler) and handler.request.method == "POST"
    return by_program or isinstance(handler, SpawnHandler)


def _is_known(handler: Any) -> bool:  # noqa: ANN401 -- the hub's
    """Whether a request is past the question whose it is; what is raised before tells its sender nothing."""
    return hasattr(handler, "_jupyterhub_user")


def _reports(handler: Any) -> bool:  # noqa: ANN401 -- the hub's
    """Whether a running server tells the hub what is done in it: that needs nobody to be signed in."""
    return bool(handler.request.method == "POST" and handler.request.path.endswith("/activity"))


def _let_it_report(user: Any) -> bool:  # noqa: ANN401 -- the hub's
    # The hub takes the answer for a proof, and would ask nothing for a while.
    asyncio.get_running_loop().call_soon(setattr, user, "_auth_refreshed", None)
    return True
