"""Tools from what is at hand, official downloads or Go modules; Debian packages; all versions."""

from embedded.toolchain.tools import Tools, ensure, names, official_plugins

NAMES = names()

__all__ = ["NAMES", "Tools", "ensure", "official_plugins"]
