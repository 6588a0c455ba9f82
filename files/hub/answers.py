"""What a provider's failing answers mean: that somebody is refused, or that nobody can tell at the moment.

Runs in the hub. A provider that is away, or refuses the hub itself, says nothing of the user.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Mapping
from typing import Any

from refused import Away, Refused
from tornado.httpclient import HTTPClientError

# Too slow, too early, too often; or a proxy on the way wants to know the hub.
_PASSING = (407, 408, 425, 429)
_NO_ANSWER = 599
# The application's own faults, such as a client secret that has ended: no word about the user.
_OF_THE_HUB = (
    "invalid_client",
    "unauthorized_client",
    "incorrect_client_credentials",
    "redirect_uri_mismatch",
    "server_error",
    "temporarily_unavailable",
)
# Entra ID's numbers, which say more than OAuth's words.
_NUMBERS = {
    "AADSTS50057": "account_disabled",
    "AADSTS50105": "not_member",
    "AADSTS50076": "second_factor",
    "AADSTS50079": "second_factor",
}


async def answered(asking: Awaitable[Any]) -> Any:  # noqa: ANN401 -- what the provider answers
    """Wait for an answer; a refusal (4xx) is left to the caller."""
    try:
        return await asking
    except HTTPClientError as error:
        if passing := away(error):
            raise passing from error
        raise
    except (OSError, TimeoutError) as error:
        raise Away("provider_unreachable") from error
    except ValueError as error:
        # An answer that is no JSON comes from something between.
        raise Away("provider_error") from error


def away(error: HTTPClientError) -> Away | None:
    """Tell a failure that passes, and says nothing of the user, from a refusal."""
    if error.code == _NO_ANSWER:
        return Away("provider_unreachable")
    return Away("provider_error") if error.code >= 500 or error.code in _PASSING else None


def no_tokens(answer: Mapping[str, Any], otherwise: str) -> Refused:
    """Say what an error of the token endpoint means; `otherwise` is the word for a plain refusal."""
    word, told = str(answer.get("error", "")), str(answer.get("error_description", ""))
    if not word or word in _OF_THE_HUB:
        return Away("provider_error")
    return Refused(next((mine for number, mine in _NUMBERS.items() if number in told), otherwise))


def body(error: HTTPClientError) -> Mapping[str, Any]:
    """Read the JSON of a failing answer; empty where there is none."""
    try:
        found = json.loads(error.response.body) if error.response else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
