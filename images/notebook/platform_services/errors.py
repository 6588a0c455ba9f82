"""What can go wrong between a notebook and a service, each in plain words: what, what follows, what to do.

None of them ever holds a secret: what a library says is searched for credentials before it is repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Reason = Literal["name", "refused", "time-out", "unreachable", "tls", "credentials", "answer"]

_FOLLOWS: dict[Reason, str] = {
    "name": "Nothing can be sent to it: no address is known for this name.",
    "refused": "The way is open, but no program listens at this port: the service is down, or it moved.",
    "time-out": "Either a network policy drops what is sent, or the service hangs or its machine is gone.",
    "unreachable": "This server has no way to that address at all.",
    "tls": "Nothing was sent: it could not be proven that this is the service.",
    "credentials": "The service is up, and does not let you in.",
    "answer": "Something is there, but it does not work as the service should.",
}
_TO_DO: dict[Reason, str] = {
    "name": "Tell whoever runs the hub that the address in its catalogue may be wrong.",
    "refused": "Try again in a minute; then ask whoever runs the service whether it is up.",
    "time-out": (
        "Was it granted after your server started? Then stop and start your server. "
        "Else tell whoever runs the hub: the way in its settings, or a policy of the service, is closed."
    ),
    "unreachable": "Tell whoever runs the hub.",
    "tls": "Tell whoever runs the hub which authority is missing; do not switch the check off.",
    "credentials": "Check user and password or token; a server reads shared ones when it starts.",
    "answer": "Try again in a minute; then ask whoever runs the service.",
}


class PlatformServiceError(Exception):
    """A message for a person, in three parts."""

    def __init__(self, what: str, follows: str, to_do: str) -> None:
        super().__init__(f"{what}\n    What follows: {follows}\n    What to do:   {to_do}")
        self.what, self.follows, self.to_do = what, follows, to_do


class NoCatalogue(PlatformServiceError):
    """This server was told of no services."""


class UnknownService(PlatformServiceError):
    """No service has this name."""


class NotGranted(PlatformServiceError):
    """The service `name` is there, and this user may not have it."""

    def __init__(self, name: str, follows: str, to_do: str) -> None:
        super().__init__(f"{name} is there, and you were not granted it.", follows, to_do)
        self.name = name


class MissingLibrary(PlatformServiceError):
    """The service's own client is not installed."""


class NotReachable(PlatformServiceError):
    """The service did not answer as it should; `reason` says in one word why."""

    def __init__(self, name: str, address: str, reason: Reason, detail: str) -> None:
        super().__init__(f"{name} at {address}: {detail}", _FOLLOWS[reason], _TO_DO[reason])
        self.name, self.address, self.reason, self.detail = name, address, reason, detail


class CredentialsRefused(NotReachable):
    """The service is up and does not let this user in."""

    def __init__(self, name: str, address: str, detail: str) -> None:
        super().__init__(name, address, "credentials", detail)


def without_secrets(text: str, secrets: Sequence[str]) -> str:
    """Take credentials out of a library's words, the long ones first: one may hold another."""
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
