"""Signs people in at an identity provider, and tells those who are refused why, and whom to ask.

Runs in the hub, as the part that its authenticators share.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

from answers import answered, body, no_tokens
from id_tokens import Keys
from oauthenticator.oauth2 import OAuthenticator
from refused import Away, Refused
from tornado.httpclient import HTTPClientError
from traitlets import Unicode

AuthModel = dict[str, Any]
AuthState = dict[str, Any]


class SigningIn(OAuthenticator):  # type: ignore[misc]  # its package is in the hub's image alone
    """An authenticator whose refusals have reasons, and whose users are known by more than a name."""

    contact = Unicode("", config=True, help="Whom somebody asks who is refused.")

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 -- traitlets' own
        super().__init__(**kwargs)
        self.keys = Keys(self._public)

    def subject(self, user_info: dict[str, Any]) -> str:
        """Give what the provider calls somebody for ever, whatever their name becomes."""
        raise NotImplementedError

    def subject_of(self, state: AuthState) -> str:
        """Give it for somebody who signed in once; nothing, where what was kept does not tell."""
        try:
            return state.get("subject") or self.subject(state.get(self.user_auth_state_key) or {})
        except Refused:
            return ""

    def same_person(self, model: AuthModel, state: AuthState) -> bool:
        """Whether a sign-in is of whoever signed in before."""
        return self.subject_of(state) in ("", model["auth_state"]["subject"])

    async def get_authenticated_user(self, handler: Any, data: Any) -> AuthModel | None:  # noqa: ANN401 -- the hub's
        """Sign somebody in, or refuse with a reason."""
        try:
            found: AuthModel | None = await super().get_authenticated_user(handler, data)
        except Refused as refused:
            raise type(refused)(refused.refusal, self.contact, refused.user) from refused
        return found

    async def authenticate(self, handler: Any, data: Any = None, **more: Any) -> AuthModel:  # noqa: ANN401 -- the hub's
        """Redeem the code that a browser brought, and ask whose it is."""
        try:
            found: AuthModel = await answered(super().authenticate(handler, data, **more))
        except HTTPClientError as error:
            raise self.refused_by(error) from error
        return found

    async def check_allowed(self, username: str, auth_model: AuthModel) -> bool:
        """Let in whom the settings name; everybody else is refused."""
        if await super().check_allowed(username, auth_model):
            return True
        raise Refused("not_member", user=username)

    async def run_post_auth_hook(self, handler: Any, auth_model: AuthModel) -> AuthModel:  # noqa: ANN401 -- the hub's
        """Keep a home from whoever got the name of its owner."""
        known = handler.find_user(auth_model["name"])
        state = await known.get_auth_state() if known else None
        if state and not self.same_person(auth_model, state):
            raise Refused("another_person", user=auth_model["name"])
        found: AuthModel = await super().run_post_auth_hook(handler, auth_model)
        return found

    async def get_token_info(self, handler: Any, params: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 -- the hub's
        """Ask for tokens; what is wrong with the user is told apart from what is wrong with the hub."""
        by_code = params.get("grant_type") == "authorization_code"
        otherwise = "code_refused" if by_code else "session_revoked"
        given = {name: value for name, value in params.items() if value is not None}
        asking = self.httpfetch(
            self.token_url,
            method="POST",
            headers=self.build_token_info_request_headers(),
            body=urlencode(given).encode(),
            validate_cert=self.validate_server_cert,
        )
        try:
            told = await answered(asking)
        except HTTPClientError as error:
            raise no_tokens(body(error), otherwise) from error
        # GitHub refuses with status 200.
        if not isinstance(told, dict) or "access_token" not in told:
            raise no_tokens(told if isinstance(told, dict) else {}, otherwise)
        return told

    def user_info_to_username(self, user_info: dict[str, Any]) -> str:
        """Take the name from its claim; who has none is nobody."""
        name = user_info.get(self.username_claim)
        if not name or not isinstance(name, str):
            raise Refused("claim_missing")
        return name

    def build_auth_state_dict(self, token_info: dict[str, Any], user_info: dict[str, Any]) -> AuthState:
        """Keep beside the tokens whose they are, and when the provider said so."""
        state: AuthState = super().build_auth_state_dict(token_info, user_info)
        return {**state, "subject": self.subject(user_info), "proved_at": time.time()}

    async def update_auth_model(self, auth_model: AuthModel) -> AuthModel:
        """Make administrators of those who are named now: None would leave others what they were."""
        auth_model["admin"] = bool(auth_model["admin"])
        found: AuthModel = await super().update_auth_model(auth_model)
        return found

    def refused_by(self, error: HTTPClientError) -> Refused:
        """Say what it means that an access token is refused; an allowance that is used up passes."""
        headers = error.response.headers if error.response else {}
        # GitHub tells of its allowance for bursts by a sentence, at times by nothing else.
        told = "rate limit" in str(body(error).get("message", "")).lower()
        if told or "Retry-After" in headers or headers.get("X-RateLimit-Remaining") == "0":
            return Away("provider_error")
        return Refused("account_disabled" if error.code == 403 else "session_revoked")

    async def ask(self, url: str, tokens: dict[str, Any] | None = None, **more: Any) -> Any:  # noqa: ANN401 -- JSON
        """Ask the provider, with somebody's access token or without."""
        headers = {"Accept": "application/json", "User-Agent": "JupyterHub"}
        if tokens:
            headers = self.build_userdata_request_headers(tokens["access_token"], tokens["token_type"])
        if "body" in more:
            headers["Content-Type"] = "application/json"
        return await answered(
            self.httpfetch(url, headers=headers, validate_cert=self.validate_server_cert, **more)
        )

    async def _public(self, url: str) -> Any:  # noqa: ANN401 -- JSON
        return await self.ask(url)
