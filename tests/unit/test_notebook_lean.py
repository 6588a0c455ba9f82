"""A server starts without the hub's half of JupyterHub, and whoever asks for that half still gets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from embedded.paths import CHECKOUT

# As JupyterHub's own modules import each other; each heavy one says that it was imported.
SERVER = """\
from ..log import logged
from .. import scopes
def main(): return "served"
"""
FILES = {
    "jupyterhub/__init__.py": "",
    "jupyterhub/log.py": """\
from .handlers.pages import HealthCheckHandler
from sqlalchemy.exc import SQLAlchemyError
def logged(handler):
    try:
        return isinstance(handler, HealthCheckHandler)
    except SQLAlchemyError:
        raise AssertionError
""",
    "jupyterhub/scopes.py": """\
import sqlalchemy as sa
from . import orm, roles
def is_user(one): return isinstance(one, orm.User)
""",
    "jupyterhub/handlers/__init__.py": "print('handlers')\nfrom . import pages",
    "jupyterhub/handlers/pages.py": "from .. import orm\nclass HealthCheckHandler: pass\nclass Another: pass",
    "jupyterhub/orm.py": "print('orm')\nimport sqlalchemy.orm\nclass User: pass",
    "jupyterhub/roles.py": "from . import orm",
    "jupyterhub/singleuser/__init__.py": SERVER,
    "sqlalchemy/__init__.py": "print('sqlalchemy')",
    "sqlalchemy/exc.py": "class SQLAlchemyError(Exception): pass",
    "sqlalchemy/orm.py": "",
    "aiohttp/__init__.py": "print('aiohttp')\nclass ClientSession: pass",
    "aiohttp/web.py": "class Application: pass",
}
LEAN = "from notebook_welcome import lean\n"


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def printed(packages: Path, code: str) -> list[str]:
    path = f"{packages}:{CHECKOUT / 'images/notebook'}"
    command = [sys.executable, "-c", LEAN + code]
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.split()


def test_a_server_starts_without_the_hubs_half(packages: Path) -> None:
    assert printed(packages, "print(lean.main())") == ["served"]


def test_what_the_hubs_half_is_compared_with_is_none_of_it(packages: Path) -> None:
    code = "from jupyterhub.log import logged; print(logged(object()))"
    assert printed(packages, f"lean.main(); {code}") == ["False"]


def test_the_servers_own_code_reaches_the_hubs_half_when_it_asks(packages: Path) -> None:
    code = (
        "from jupyterhub.scopes import is_user; import jupyterhub.orm; print(is_user(jupyterhub.orm.User()))"
    )
    assert printed(packages, f"lean.main(); {code}") == ["orm", "sqlalchemy", "True"]


@pytest.mark.parametrize(
    "code",
    [
        "from sqlalchemy.exc import SQLAlchemyError as found",
        "from jupyterhub.handlers.pages import HealthCheckHandler as found",
        "from aiohttp import ClientSession as found",
        "import aiohttp; found = aiohttp.ClientSession",
        "from aiohttp.web import Application as found",
        "import aiohttp.web; found = aiohttp.web.Application",
    ],
)
def test_others_import_the_modules_themselves(packages: Path, code: str) -> None:
    shown = "import sys, inspect; print(inspect.getsourcefile(found))"
    *_, file = printed(packages, f"lean.main()\n{code}\n{shown}")
    assert Path(file).is_relative_to(packages)


@pytest.mark.parametrize(
    "needs_more",
    [
        "import sqlalchemy.orm",
        "from ..handlers import pages; pages.Another()",
        "from ..orm import User; User()",
    ],
)
def test_a_version_that_needs_more_starts_too(packages: Path, needs_more: str) -> None:
    (packages / "jupyterhub/singleuser/__init__.py").write_text(f"{SERVER}\n{needs_more}\n")
    assert printed(packages, "print(lean.main())")[-1] == "served"
