"""The typed door: one settings document per stack, parsed once, checked as a whole, handed on frozen.

`settings.load` alone knows Pulumi; everything else here is pure.
"""

from settings.document import Settings

__all__ = ["Settings"]
