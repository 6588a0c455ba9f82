"""Why somebody was not let in: one word for each reason, on the page, in the log and in the audit trail.

Runs in the hub. Authenticators of ours put word and sentence on what they raise; here are those for what
JupyterHub and oauthenticator raise themselves.
"""

from __future__ import annotations

import re
from types import SimpleNamespace

from tornado.web import HTTPError

# How their messages begin.
_MESSAGES = {
    "OAuth state": "state_mismatch",
    "Missing argument state": "state_mismatch",
    "OAuth error": "provider_refused",
    "OAuth callback made without a code": "code_missing",
    "Authentication Cancelled": "code_missing",
    "Missing argument code": "code_missing",
    "Missing code_verifier": "state_mismatch",
    "Login form invalid or expired": "form_expired",
    "'_xsrf' argument": "form_expired",
    "XSRF cookie": "form_expired",
    "Sorry, you are not currently authorized": "not_allowed",
}
_SENTENCES = {
    "state_mismatch": "This sign-in did not begin here, or took too long. Begin again.",
    "provider_refused": "The identity provider did not let you through to this hub.",
    "code_missing": "The identity provider sent you back without a sign-in. Begin again.",
    "form_expired": "The sign-in page was too old. Try again.",
    "test_over": "The test for which this hub has a shared password is over.",
    "not_allowed": "You have signed in, and you are not among those who may use this hub.",
}
_WRONG_PASSWORD = (
    "The name or the password is wrong, or the name is not among those who may use this hub. "  # noqa: S105 -- for people
    "Administrators have a password of their own."
)
WORDS = frozenset((*_MESSAGES.values(), *_SENTENCES, "wrong_password", "blocked"))
"""Every word of this module, and those that the trail gives by itself."""
# Microsoft's numbers, and OAuth's own words: nothing else of a provider's text is shown, since it came
# in an address that anybody can write.
_CODE = re.compile(r"AADSTS\d{4,9}|access_denied|server_error|temporarily_unavailable|invalid_scope")


def word(error: BaseException | None) -> str | None:
    """Give the word for what was raised, if there is one."""
    given: str | None = getattr(error, "refusal", None)
    if given or not isinstance(error, HTTPError):
        return given
    return next((name for start, name in _MESSAGES.items() if _message(error).startswith(start)), None)


def sentence(error: BaseException | None) -> str | None:
    """Give what a person reads about a refusal; None where what was raised says it itself."""
    if error is None:
        return _WRONG_PASSWORD
    return None if getattr(error, "refusal", None) else _SENTENCES.get(word(error) or "")


def provider_code(error: BaseException | None) -> str | None:
    """Give the code of the identity provider, by which its administrators look up a refusal."""
    if not isinstance(error, HTTPError) or word(error) != "provider_refused":
        return None
    found = _CODE.search(_message(error))
    return found.group() if found else None


def for_pages(_user: object) -> SimpleNamespace:
    """Give templates these functions. The hub calls a function among their variables, with the user."""
    return SimpleNamespace(word=word, sentence=sentence, provider_code=provider_code)


def _message(error: HTTPError) -> str:
    return str(error.log_message or error.reason or "")
