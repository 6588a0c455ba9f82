"""The images the embedded node runs, made without a base image: Debian packages, wheels, npm and a little Go."""

from embedded.images.build import Image, ensure

__all__ = ["Image", "ensure"]
