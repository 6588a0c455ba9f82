"""Starts a user's server without what it never uses of the packages that it shares with the hub.

JupyterHub is one package for hub and server: its server imports the hub's tables, its pages and a database
library, a quarter of the processor time of a start. They are imported when something of them is asked for
instead, which in a server does not come.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

# With the names that are imported from them, and only compared with: nothing in a server is one of these.
_OF_THE_HUB = {
    "jupyterhub.handlers": (),
    "jupyterhub.handlers.pages": ("HealthCheckHandler",),
    "jupyterhub.orm": (),
    "jupyterhub.roles": (),
    "sqlalchemy": (),
    "sqlalchemy.exc": ("SQLAlchemyError",),
}
# Only those who open VS Code, or another program behind the server, use it.
_OF_PROGRAMS = "aiohttp"


class Later(ModuleType):
    """Stands for a module; it is imported when something of it is asked for."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- whatever the module holds
        leave({self.__name__: self})
        return getattr(import_module(self.__name__), name)


def main() -> object:
    """Be `jupyterhub-singleuser`."""
    server = of_server()
    sys.modules.setdefault(_OF_PROGRAMS, Later(_OF_PROGRAMS))
    return server.main()


def of_server() -> Any:  # noqa: ANN401 -- a module without types
    """Import JupyterHub's server; afterwards the rest is importable by everybody as ever."""
    standing = {
        name: _standing(name, marks) for name, marks in _OF_THE_HUB.items() if name not in sys.modules
    }
    sys.modules.update(standing)
    try:
        return import_module("jupyterhub.singleuser")
    except ImportError:
        # Another version, that needs more of them: as if this file were not there.
        leave({name: one for name, one in sys.modules.items() if name.partition(".")[0] == "jupyterhub"})
        leave(standing)
        return import_module("jupyterhub.singleuser")
    finally:
        leave(standing)


def leave(modules: dict[str, Any]) -> None:
    """Make room for the modules themselves."""
    for name, one in modules.items():
        if sys.modules.get(name) is one:
            del sys.modules[name]


def _standing(name: str, marks: tuple[str, ...]) -> Later:
    module = Later(name)
    module.__path__ = []  # so that nothing below it is found meanwhile
    for mark in marks:
        setattr(module, mark, type(mark, (Exception,), {"__module__": name}))
    return module
