"""Ends a test on its last day: the hub that runs on lets nobody in any more with the shared password.

Runs in the hub. Sessions from before end with their cookies, within a day.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from tornado.web import HTTPError

Hook = Callable[[Any, Any, Any], Any]


class Over(HTTPError):  # type: ignore[misc]  # its package is in the hub's image alone
    """The last day has come; `refusal` is the word for it."""

    refusal = "test_over"

    def __init__(self, user: str) -> None:
        super().__init__(403, "the test is over")
        self.user = user


def until(day: str) -> Hook:
    """Make an authenticator's `post_auth_hook`, which refuses everybody from this day on (UTC)."""
    last = date.fromisoformat(day)

    def hook(_authenticator: Any, _handler: Any, model: Any) -> Any:  # noqa: ANN401 -- the hub's
        if datetime.now(UTC).date() >= last:
            raise Over(model["name"])
        return model

    return hook
