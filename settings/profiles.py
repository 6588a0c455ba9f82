"""The server options that a user chooses from."""

from __future__ import annotations

from pydantic import Field

from settings.names import DnsLabel, ExtendedResource, Quantity
from settings.section import Section


class Share(Section):
    """What is promised, and what is the most."""

    guarantee: Quantity
    """What the scheduler sets aside (the request)."""
    limit: Quantity
    """What the server never gets more of."""


class Gpu(Section):
    """Whole GPUs of one kind (or slices, where the resource is one)."""

    resource: ExtendedResource = "nvidia.com/gpu"
    """The resource that the nodes offer."""
    count: int = Field(ge=1)
    """How many."""


class Profile(Section):
    """One option on the start page."""

    name: str = Field(min_length=1, max_length=60)
    """What users read on the start page."""
    slug: DnsLabel
    """Stands in URLs, in users' saved choices and in `capabilities`: never reuse one for something else."""
    description: str = ""
    """The line below the name."""
    default: bool = False
    """Chosen when the user chooses nothing; exactly one profile is."""
    enabled: bool = True
    """False: it is planned, and nobody is offered it."""
    cpu: Share
    memory: Share
    gpu: Gpu | None = None
    node_selector: dict[str, str] = Field(default_factory=dict)
    """Labels that the node must have, beyond `placement.userNodes`."""
