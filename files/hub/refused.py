"""Why somebody is not let in: one word for programs, one sentence for people, and whom to ask.

Runs in the hub. The words are what the audit trail and the page of a refusal know; every sentence is here.
"""

from __future__ import annotations

from collections.abc import Mapping

from tornado.web import HTTPError

TEXTS: Mapping[str, str] = {
    "not_member": "You have signed in, and you are in no group or team that may use this hub.",
    "wrong_tenant": "You have signed in with an account of another organisation.",
    "wrong_audience": "The identity provider's answer was meant for another application.",
    "wrong_issuer": "The answer does not come from the identity provider that this hub knows.",
    "token_expired": "The identity provider's answer is too old. Sign in again; if that does not help, "
    "the hub's clock is wrong.",
    "token_invalid": "The identity provider's answer cannot be verified.",
    "claim_missing": "The identity provider's answer does not say who you are.",
    "groups_unknown": "You are in more groups than the identity provider tells at once, and it did not say "
    "whether you are in one that may use this hub.",
    "second_factor": "You have signed in without a second factor, and this hub asks for one.",
    "account_disabled": "Your account is disabled at the identity provider.",
    "session_revoked": "The identity provider has ended your session. Sign in again.",
    "sign_in_again": "The hub has no proof any more of who you are. Sign in again.",
    "renamed": "Your name at the identity provider has changed, and your home here has the old one.",
    "another_person": "This name belonged to somebody else when its home was made here.",
    "blocked": "This name is blocked on this hub.",
    "code_refused": "The identity provider did not accept this sign-in. Sign in again.",
    "provider_unreachable": "The identity provider does not answer. Try again in some minutes.",
    "provider_error": "The identity provider cannot answer the hub at the moment. Try again in some minutes.",
    "proof_too_old": "The identity provider does not answer, and the hub has not heard of you for too long "
    "to start a server. What runs goes on running; try again in some minutes.",
}
AWAY = ("provider_unreachable", "provider_error", "proof_too_old")


class Refused(HTTPError):  # type: ignore[misc]  # its package is in the hub's image alone
    """Somebody is refused: `refusal` is the word, `user` the name in the hub as far as it is known."""

    def __init__(self, refusal: str, contact: str = "", user: str | None = None) -> None:
        sentence = TEXTS[refusal] + (f" Ask {contact}." if contact else "")
        super().__init__(503 if refusal in AWAY else 403, sentence)
        self.refusal = refusal
        self.user = user
        # What the page of a start shows.
        self.jupyterhub_message = sentence


class Away(Refused):
    """The provider says nothing of the user: neither that all is as before, nor that anything changed."""
