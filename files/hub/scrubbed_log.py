"""Keeps what a sign-in is made of out of the hub's ordinary log: codes, states, tokens, a browser's session.

Runs in the hub. JupyterHub cleans addresses in its own lines; tornado writes those of refused requests whole.
"""

from __future__ import annotations

import logging
import re

_LOGGERS = ("JupyterHub", "tornado.access", "tornado.application", "tornado.general")
_PARAMETER = re.compile(
    r"\b(code|state|session_state|[a-z_]*token|client_secret|code_verifier|_xsrf)=(?!\[secret\])[^&\s'\"<>,;)]+"
)
_SESSION = re.compile(r"(xsrf cookie for )b'[^']*'")


class Scrubbed(logging.Filter):
    """Replaces the values, whoever wrote the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every line pass, without them."""
        text = record.getMessage()
        clean = _SESSION.sub(r"\1[secret]", _PARAMETER.sub(r"\1=[secret]", text))
        if clean != text:
            record.msg, record.args = clean, ()
        return True


def scrub() -> None:
    """Clean the lines of the hub and of the web server in it."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(Scrubbed())
