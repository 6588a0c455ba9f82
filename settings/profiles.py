"""The server options that a user chooses from."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from settings.images import Image
from settings.names import DnsLabel, ExtendedResource, Quantity
from settings.placement import Toleration
from settings.section import Section

OWN_CHOICE = "standard"
"""The slug of a profile's own size and image beside the further ones."""


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


class Size(Section):
    """A further size of a profile: users choose it inside the option."""

    name: str = Field(min_length=1, max_length=60)
    """What users read in the list of sizes."""
    slug: DnsLabel
    """Stands in URLs and in users' saved choices."""
    cpu: Share
    memory: Share
    gpus: int | None = Field(default=None, ge=1)
    """How many GPUs of the profile's kind; as many as the profile has when not given."""


class OtherImage(Section):
    """A further image of a profile: users choose it inside the option."""

    name: str = Field(min_length=1, max_length=60)
    """What users read in the list of images."""
    slug: DnsLabel
    """Stands in URLs and in users' saved choices."""
    image: Image


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
    tolerations: tuple[Toleration, ...] = ()
    """Taints that its pods accept, beyond `placement.userTolerations` and those of its GPU."""
    image: Image | None = None
    """What its users work in; `images.notebook` when not given."""
    size_name: str = Field(default="Standard", min_length=1, max_length=60)
    """What its own size is called beside `sizes`."""
    sizes: tuple[Size, ...] = ()
    """Further sizes to choose from; cpu, memory and gpu above are the one that is chosen already."""
    image_name: str = Field(default="Standard", min_length=1, max_length=60)
    """What its own image is called beside `images`."""
    images: tuple[OtherImage, ...] = ()
    """Further images to choose from. No other than these can be asked for."""

    def variants(self) -> Iterator[tuple[str, Profile]]:
        """Give the profile with each of its sizes, its own first, and where each stands below it."""
        yield "", self
        for place, size in enumerate(self.sizes):
            gpu = self.gpu
            if gpu and size.gpus:
                gpu = gpu.model_copy(update={"count": size.gpus})
            named = {"name": f"{self.name} ({size.name})", "cpu": size.cpu, "memory": size.memory, "gpu": gpu}
            yield f".sizes[{place}]", self.model_copy(update=named)

    def named_images(self) -> Iterator[tuple[str, Image]]:
        """Give the images that it names, with where they stand below the profile."""
        if self.image:
            yield "image", self.image
        for place, other in enumerate(self.images):
            yield f"images[{place}].image", other.image


def variants(profiles: tuple[Profile, ...]) -> Iterator[tuple[str, Profile]]:
    """Give all profiles with each of their sizes, and where in the settings each stands."""
    for place, profile in enumerate(profiles):
        for below, variant in profile.variants():
            yield f"settings.profiles[{place}]{below}", variant
