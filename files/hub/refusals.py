"""Why somebody was not let in: one word for each reason, on the page, in the log and in the audit trail.

Runs in the hub. Authenticators of ours put the word on what they raise; here are the words for what
JupyterHub and oauthenticator raise themselves.
"""

from __future__ import annotations

from tornado.web import HTTPError

# How their messages begin.
_MESSAGES = {
    "OAuth state": "state_mismatch",
    "OAuth error": "provider_refused",
    "OAuth callback made without a code": "code_missing",
    "Authentication Cancelled": "code_missing",
    "Missing code_verifier": "state_mismatch",
    "Login form invalid or expired": "form_expired",
    "'_xsrf' argument": "form_expired",
    "XSRF cookie": "form_expired",
}


def word(error: BaseException | None) -> str | None:
    """Give the word for what was raised, if there is one."""
    given = getattr(error, "refusal", None)
    if given or not isinstance(error, HTTPError):
        return given
    message = str(error.log_message or error.reason or "")
    return next((name for start, name in _MESSAGES.items() if message.startswith(start)), None)
