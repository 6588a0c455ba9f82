"""The page of the notebook image's contents says what the locks say, and is made of what the image says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.images import archive, contents, notebook
from embedded.images.layer import pack, plain

PAGE = contents.PAGE.read_text()
FOUND = contents.Contents(
    packages=tuple(
        {"name": name, "version": "1", "licence": "MIT", "bytes": 1_500_000}
        for name in [*contents.wanted(), "needed_by-one"]
    ),
    extensions={"kernels": ["python3"]},
    commands=("welcome",),
    layers=((102_000_000, 37_000_000),) * 4 + ((256_000, 100_000),),
)


def rows(heading: str, page: str = PAGE) -> dict[str, str]:
    """Names and versions of one table."""
    (section,) = re.findall(rf"(?ms)^## {heading}.*?(?=^## |\Z)", page)
    cells = re.findall(r"(?m)^\| (\S+) \| (\S+) \| [^|]+ \| [\d.]+ \|$", section)
    return {contents.normal(name): version for name, version in cells}


def test_the_page_lists_what_the_locks_fix() -> None:
    """When this fails: python -m embedded.images contents (as root; it builds the image if need be)."""
    lock = (contents.LISTS / "requirements.txt").read_text()
    pins = dict(re.findall(r"(?m)^([a-z0-9-]+)==([^ ]+) \\$", lock))
    listed = rows("Asked for") | rows("What these need")
    assert {name: listed.get(name) for name in pins} == pins
    npm = json.loads((contents.LISTS / "code-server/package-lock.json").read_text())
    version = npm["packages"]["node_modules/code-server"]["version"]
    assert f"| code-server (with Node.js) | {version} |" in PAGE
    assert set(listed) == set(pins)


def test_the_page_parts_what_is_asked_for_from_what_that_needs() -> None:
    assert list(rows("Asked for")) == contents.wanted()
    assert not set(rows("What these need")) & set(contents.wanted())


def test_the_page_lists_the_programs_of_both() -> None:
    said = re.findall(r"(?m)^(?:Debian's|In `/opt/notebook/bin`): (.+)\.$", PAGE)
    named = {name for line in said for name in re.split(", | with ", line)}
    ours = {path.name for path in (contents.LISTS / "root/opt/notebook/bin").iterdir()}
    assert {*notebook.TOOLS, *ours, "code-server"} <= named


def test_a_page_adds_up_the_layers_and_names_the_largest() -> None:
    page = contents.page(FOUND)
    assert "| together | 408 | 148 |" in page
    assert "| our own files | 0.3 | 0.1 |" in page
    assert f"The largest: {next(iter(contents.wanted()))} 2, " in page
    assert rows("What these need", page) == {"needed-by-one": "1"}


def test_an_image_is_read_as_a_user_would(tmp_path: Path) -> None:
    """Lab extensions of either kind of name, server extensions that are on, layers with their sizes."""
    share = "opt/notebook/share/jupyter"
    files = {
        f"{share}/labextensions/plain/package.json": '{"name": "plain", "version": "1"}',
        f"{share}/labextensions/@of/them/package.json": '{"name": "@of/them", "version": "2"}',
        f"{share}/kernels/python3/kernel.json": "{}",
        "opt/notebook/etc/jupyter/jupyter_server_config.d/a.json": json.dumps(
            {"ServerApp": {"jpserver_extensions": {"on": True, "off": False}}}
        ),
    }
    for name, text in files.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / name).write_text(text)
    layer = pack(tmp_path / "tree", tmp_path / "layer", plain({}))
    image = tmp_path / "image.tar"
    archive.write(image, "localhost/notebook:x", "amd64", {}, [layer])
    size, small = contents._lay_out(image, f"sha256:{layer.digest}", layer.size, tmp_path / "out")
    assert size == layer.size
    assert 0 < small < size
    assert contents._extensions(tmp_path / "out") == {
        "extensions of the lab": ["@of/them 2", "plain 1"],
        "extensions of the server": ["on"],
        "kernels": ["python3"],
    }


def test_an_image_that_says_nothing_leaves_the_page_alone(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="does not say what it holds") as refused:
        contents._packages(tmp_path)
    assert "root" in refused.value.remedy
