"""Images that only some need on the node: a PostgreSQL, a stand-in for a connector, services that tests use.

They lie beside the recipes that every stack needs: a change here must not give those another tag.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from embedded.images import services, unpacked
from embedded.images.layer import Attributes
from embedded.images.parts import Bench, Part
from embedded.images.recipe import HERE, Recipe

PROGRAMS = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ACCOUNTS = ("etc/passwd", "etc/group")  # these are joined with Debian's own when the layer is packed
POSTGRES_VERSION = "15"
POSTGRES_USER = 999
POSTGRES_HOME = "/var/lib/postgresql"
POSTGRES_PROGRAMS = f"/usr/lib/postgresql/{POSTGRES_VERSION}/bin"
# What the packages bring and no server reads: the just-in-time compiler alone is 120 MB.
UNUSED = (
    "etc",
    "usr/bin",
    "usr/lib/*/libLLVM*",
    "usr/lib/*/libz3*",
    "usr/lib/*/perl*",
    f"usr/lib/postgresql/{POSTGRES_VERSION}/lib/bitcode",
    f"usr/lib/postgresql/{POSTGRES_VERSION}/lib/llvmjit*",
    "usr/share/perl*",
    "usr/share/postgresql-common",
    "var",
)

EXTRAS = (
    Recipe(
        "postgres",
        {
            "User": f"{POSTGRES_USER}:{POSTGRES_USER}",
            "WorkingDir": POSTGRES_HOME,
            "Env": [f"PATH={POSTGRES_PROGRAMS}:{PROGRAMS}", "LANG=C.UTF-8", f"HOME={POSTGRES_HOME}"],
            "Entrypoint": ["tini", "--"],
            "Cmd": ["serve-database"],
            "ExposedPorts": {"5432/tcp": {}},
        },
        inputs=(
            "embedded/images/extras.py",
            "embedded/images/unpacked.py",
            "embedded/images/postgres/serve-database",
        ),
    ),
    Recipe(
        "connector",
        {
            "User": "65532:65532",
            "WorkingDir": "/tmp",  # noqa: S108 (a directory inside the image)
            "Env": [f"PATH={PROGRAMS}", "LANG=C.UTF-8", "PYTHONUNBUFFERED=1"],
            # The program itself: containers of a tunnel name its arguments only.
            "Entrypoint": ["cloudflared"],
        },
        inputs=("embedded/images/extras.py", "embedded/images/connector/cloudflared.py"),
    ),
    services.RECIPE,
)


def extras_for(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the images that a stack's document asks for, beside those of every stack."""
    names = {
        "postgres": document.get("database", {}).get("kind") == "external",
        "connector": bool(document.get("ingress", {}).get("tunnel")),
    }
    return tuple(name for name, wanted in names.items() if wanted)


def postgres(bench: Bench) -> Part:
    """PostgreSQL's server as Debian packages it; runs as 999, keeps its data below its home."""
    tree = bench.work / "postgres"
    what = f"PostgreSQL {POSTGRES_VERSION}"
    unpacked.packages(bench, what, [f"postgresql-{POSTGRES_VERSION}"], tree, UNUSED)
    _program(HERE / "postgres" / "serve-database", tree / "usr/local/bin/serve-database")
    (tree / POSTGRES_HOME.lstrip("/")).mkdir(parents=True)
    (tree / "etc").mkdir()
    user = f"postgres:x:{POSTGRES_USER}:{POSTGRES_USER}::{POSTGRES_HOME}:/bin/sh\n"
    (tree / "etc" / "passwd").write_text(user)
    (tree / "etc" / "group").write_text(f"postgres:x:{POSTGRES_USER}:\n")
    return Part(tree, {POSTGRES_HOME.lstrip("/"): Attributes(0o700, POSTGRES_USER, POSTGRES_USER)})


def connector(bench: Bench) -> Part:
    """One program that takes cloudflared's arguments; runs as that image's user."""
    tree = bench.work / "connector"
    _program(HERE / "connector" / "cloudflared.py", tree / "usr/local/bin/cloudflared")
    return Part(tree)


MAKERS: dict[str, Callable[[Bench], Part]] = {
    "postgres": postgres,
    "connector": connector,
    services.NAME: services.services,
}


def without_known(tree: Path, base: Path) -> None:
    """Remove what lies in the Debian tree already: packages that are unpacked come with all they need.

    A directory must not replace one of Debian's links (`/lib`): such a path stays Debian's.
    """
    for path in sorted(tree.rglob("*"), key=lambda path: len(path.parts), reverse=True):
        name = path.relative_to(tree)
        known = base / name
        if name.as_posix() in ACCOUNTS:
            continue
        if path.is_symlink() or not path.is_dir():
            if known.is_symlink() or known.exists():
                path.unlink()
        elif not any(path.iterdir()) and known.is_dir():
            path.rmdir()


def _program(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True)
    shutil.copyfile(source, place)
    place.chmod(0o755)
