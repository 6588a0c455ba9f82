"""How an operation ends when it does not end well, in the terms the engine understands."""

from __future__ import annotations

from embedded.providers.codec import Properties


class ProviderError(Exception):
    """The operation failed and changed nothing that the state would have to know."""


class PartlyDone(ProviderError):
    """The resource exists but is not ready: the state keeps it, and the next `pulumi up` goes on."""

    def __init__(
        self,
        message: str,
        *,
        id_: str,
        state: Properties,
        reasons: list[str],
        inputs: Properties | None = None,
    ) -> None:
        super().__init__(message)
        self.id = id_
        self.state = state
        self.reasons = [message, *reasons]
        self.inputs = inputs


class NotReady(ProviderError):
    """Waiting for an object ended without it being ready; `live` is how it was last seen."""

    def __init__(self, message: str, reasons: list[str], live: Properties | None = None) -> None:
        super().__init__(message)
        self.reasons = reasons
        self.live = live


class Cancelled(ProviderError):
    """The engine asked to stop."""
