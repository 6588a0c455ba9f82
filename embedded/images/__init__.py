"""The images the embedded node runs, made without a base image: Debian packages, wheels, npm, some Go."""

from embedded.images.build import Image, ensure
from embedded.images.extras import extras_for

__all__ = ["Image", "ensure", "extras_for"]
