"""The platform's services from a notebook.

>>> import platform_services as services
>>> services.available()
>>> cursor = services.connect("trino").cursor()
"""

from platform_services.catalogue import Service
from platform_services.errors import (
    CredentialsRefused,
    MissingLibrary,
    NoCatalogue,
    NotGranted,
    NotReachable,
    PlatformServiceError,
    UnknownService,
)
from platform_services.services import State, available, check, connect, describe, reachable

__all__ = [
    "CredentialsRefused",
    "MissingLibrary",
    "NoCatalogue",
    "NotGranted",
    "NotReachable",
    "PlatformServiceError",
    "Service",
    "State",
    "UnknownService",
    "available",
    "check",
    "connect",
    "describe",
    "reachable",
]
