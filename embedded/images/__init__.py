"""The images the embedded node runs, made without a base image: Debian packages, wheels, npm, some Go."""

from embedded.images.build import Image, ensure

__all__ = ["Image", "ensure"]
