"""Producers and consumers of one Kafka, with what they need to reach it already set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import confluent_kafka
from confluent_kafka.admin import AdminClient

from platform_services.catalogue import Service


class Kafka:
    """Make clients; whatever is given beside wins over what the environment says."""

    def __init__(self, service: Service, known: Mapping[str, Any]) -> None:
        self.address = service.address
        self._known = dict(known)

    def __repr__(self) -> str:
        return f"<Kafka {self.address}>"

    def producer(self, **more: Any) -> confluent_kafka.Producer:
        """Give a producer; `flush()` it before you go."""
        return confluent_kafka.Producer({**self._known, **_dotted(more)})

    def consumer(self, *topics: str, group: str, **more: Any) -> confluent_kafka.Consumer:
        """Give a consumer of these topics, from their beginning where its group has read nothing yet."""
        made = {"group.id": group, "auto.offset.reset": "earliest", **_dotted(more)}
        consumer = confluent_kafka.Consumer({**self._known, **made})
        if topics:
            consumer.subscribe(list(topics))
        return consumer

    def admin(self, **more: Any) -> AdminClient:
        """Give a client that makes and lists topics."""
        return AdminClient({**self._known, **_dotted(more)})

    def topics(self, timeout: float = 10.0) -> list[str]:
        """Name the topics that are there."""
        return sorted(self.admin().list_topics(timeout=timeout).topics)


def _dotted(more: Mapping[str, Any]) -> dict[str, Any]:
    """Turn linger_ms into linger.ms: no keyword of Python has a dot."""
    return {name.replace("_", "."): value for name, value in more.items()}
