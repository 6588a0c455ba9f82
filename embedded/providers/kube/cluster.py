"""Everything that an operation needs of the one cluster."""

from __future__ import annotations

from dataclasses import dataclass

from embedded.providers.kube.apply import Writer
from embedded.providers.kube.client import Client
from embedded.providers.kube.discovery import Discovery
from embedded.providers.kube.waiting import Waiter


@dataclass(frozen=True)
class Cluster:
    """The cluster of a provider, with the namespace for what names none."""

    client: Client
    discovery: Discovery
    writer: Writer
    waiter: Waiter
    namespace: str
