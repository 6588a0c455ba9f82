"""What each image is: its files' sources, its configuration, and the name that follows from both.

An image's tag is made of everything that decides its content: the recipe, the locks, the code that
builds it and the machine's architecture. Two checkouts with the same recipe share one archive, and a
changed lock is a new image that no pod runs by accident.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from embedded.fault import Fault
from embedded.paths import CHECKOUT

HERE = Path(__file__).resolve().parent
# The code that decides what is in an image: when it changes, so do the tags. Nothing to bump by hand.
BUILDER = tuple(
    HERE / name for name in ("recipe.py", "rootfs.py", "python_app.py", "parts.py", "layer.py", "archive.py")
)

# One suite whatever the machine runs: its Python decides which wheels the locks name.
SUITE = "bookworm"
PYTHON = "3.11"
GLIBC = "2_36"
DEBIAN_PACKAGES = (
    "ca-certificates",
    "libstdc++6",  # node and several wheels link to the system's
    "python3",
    "tini",
    "usr-is-merged",  # otherwise usrmerge comes, and with it all of Perl (50 MB)
)


@dataclass(frozen=True)
class Architecture:
    """A machine's names: in images, and in wheels."""

    image: str
    wheel: str


_ARCHITECTURES = {
    "x86_64": Architecture("amd64", f"x86_64-manylinux_{GLIBC}"),
    "aarch64": Architecture("arm64", f"aarch64-manylinux_{GLIBC}"),
}


def architecture(machine: str | None = None) -> Architecture:
    """The architecture that images are built for: this machine's own."""
    name = machine or platform.machine()
    known = _ARCHITECTURES.get({"amd64": "x86_64", "arm64": "aarch64"}.get(name, name))
    if known is None:
        raise Fault(
            f"No image can be built for the processor type {name}.",
            "The embedded node cannot run here.",
            f"Use one of type {' or '.join(_ARCHITECTURES)}, or a cluster: KUBECONTEXT=name make up",
        )
    return known


@dataclass(frozen=True)
class Recipe:
    """One image: what decides it (files and folders of the checkout), and how containers of it start."""

    name: str
    config: Mapping[str, object]
    inputs: tuple[str, ...] = ()
    debian: bool = True


def _environment(*folders: str, **more: str) -> list[str]:
    path = ":".join([*folders, "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    return [f"PATH={path}", "LANG=C.UTF-8", *(f"{name}={value}" for name, value in more.items())]


RECIPES = (
    Recipe(
        "hub",
        {
            "User": "1000:1000",
            "WorkingDir": "/srv/jupyterhub",
            "Env": _environment("/opt/hub/bin", HOME="/home/jovyan", PYTHONUNBUFFERED="1"),
            "Entrypoint": ["tini", "--"],
            "Cmd": ["jupyterhub", "--config", "/usr/local/etc/jupyterhub/jupyterhub_config.py"],
            "ExposedPorts": {"8081/tcp": {}},
        },
        inputs=("images/hub/requirements.txt",),
    ),
    Recipe(
        "proxy",
        {
            "User": "65534:65534",
            "WorkingDir": "/tmp",  # noqa: S108 (a directory inside the image)
            "Env": _environment("/opt/proxy/bin", HOME="/tmp", NODE_ENV="production"),  # noqa: S108
            "Entrypoint": ["tini", "--"],
            "Cmd": ["configurable-http-proxy"],
            "ExposedPorts": {"8000/tcp": {}, "8001/tcp": {}},
        },
        inputs=(
            "images/proxy/package.json",
            "images/proxy/package-lock.json",
            "images/proxy/requirements.txt",
        ),
    ),
    Recipe(
        "notebook",
        {
            "User": "1000:100",
            "WorkingDir": "/home/jovyan",
            "Env": _environment(
                "/opt/notebook/bin",
                "/home/jovyan/.local/bin",  # what users install for themselves, never before our own
                HOME="/home/jovyan",
                SHELL="/bin/bash",
                NB_USER="jovyan",
                EDITOR="nano",
                # Nobody's news or statistics leave from a lab in somebody's closed network.
                DO_NOT_TRACK="1",
                DATAHUB_TELEMETRY_ENABLED="false",
                MLFLOW_DISABLE_TELEMETRY="true",
                RAY_USAGE_STATS_ENABLED="0",
                NVIDIA_DRIVER_CAPABILITIES="compute,utility",
            ),
            "Entrypoint": ["tini", "--", "start-notebook"],
            "Cmd": ["jupyterhub-singleuser"],
            "ExposedPorts": {"8888/tcp": {}},
        },
        inputs=(
            "embedded/images/notebook.py",
            "embedded/images/unpacked.py",
            "images/notebook/requirements.txt",
            "images/notebook/trim.py",
            "images/notebook/code-server",
            "images/notebook/platform_services",
            "images/notebook/notebook_welcome",
            "images/notebook/examples",
            "images/notebook/root",
        ),
    ),
    Recipe(
        "pause",
        {"User": "65535:65535", "Entrypoint": ["/pause"]},
        inputs=("embedded/images/pause/main.go",),
        debian=False,
    ),
    Recipe("helper", {"Env": _environment(), "Cmd": ["sleep", "infinity"]}),
)


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _tag(digest: str) -> str:
    """Twelve hex digits that start with a letter: YAML reads 12345e678901 as a number."""
    return "abcdef"[int(digest[12:20], 16) % 6] + digest[:11]


def _what_builds() -> list[bytes]:
    debian = json.dumps([SUITE, PYTHON, GLIBC, DEBIAN_PACKAGES]).encode()
    return [debian, *(path.read_bytes() for path in BUILDER)]


def base_key(arch: Architecture) -> str:
    """Names the Debian layer that the images share."""
    return _tag(_digest([arch.image.encode(), *_what_builds()]))


def key(recipe: Recipe, arch: Architecture, checkout: Path = CHECKOUT) -> str:
    """The image's tag: a digest of everything that decides its content."""
    described = json.dumps(asdict(recipe), sort_keys=True).encode()
    return key_of(described, recipe.inputs, arch, checkout)


def key_of(described: bytes, inputs: Iterable[str], arch: Architecture, checkout: Path = CHECKOUT) -> str:
    """Name what these files and folders decide, on top of Debian."""
    files = (
        file.relative_to(checkout).as_posix().encode() + b"\0" + file.read_bytes()
        for name in inputs
        for file in files_of(checkout / name)
    )
    return _tag(_digest([base_key(arch).encode(), described, *files]))


def files_of(place: Path) -> list[Path]:
    """Give a file, or the files of a folder; byte code that a run left there is none of them."""
    if place.is_file():
        return [place]
    return sorted(file for file in place.rglob("*") if file.is_file() and file.parent.name != "__pycache__")


def ref(recipe: Recipe, arch: Architecture, checkout: Path = CHECKOUT) -> str:
    """The full name under which the node knows the image."""
    return f"localhost/jupyterhub/{recipe.name}:{key(recipe, arch, checkout)}"
