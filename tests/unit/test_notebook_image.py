"""The notebook image: one set of lists for both ways of building, and what it says and shows to its user."""

from __future__ import annotations

import importlib
import json
import re
import runpy
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from notebook_welcome import facts, limits, words

from embedded.images import archive, kept, notebook
from embedded.images.layer import pack, plain
from embedded.images.recipe import RECIPES, files_of
from embedded.paths import CHECKOUT

IMAGE = CHECKOUT / "images/notebook"
DOCKERFILE = (IMAGE / "Dockerfile").read_text()
(RECIPE,) = (each for each in RECIPES if each.name == "notebook")
EXAMPLES = sorted((IMAGE / "examples").rglob("*.ipynb"))
FACTS = facts.Facts(
    user="ada",
    processors=1.5,
    memory=4 << 30,
    memory_used=1 << 30,
    gpus=[],
    home_free=5 << 30,
    home_size=10 << 30,
    shared="read",
    editor=True,
    services=[],
    looked=0,
)


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==([^ ]+) \\$", (IMAGE / name).read_text()))


def wanted(name: str) -> list[str]:
    return re.findall(r"(?m)^([a-z0-9-]+)", (IMAGE / name).read_text())


def test_at_least_forty_packages_are_there_because_somebody_wants_them() -> None:
    assert len(wanted("requirements.in")) >= 40


def test_what_is_left_out_is_in_no_lock() -> None:
    assert wanted("left-out.txt")
    assert not set(wanted("left-out.txt")) & set(pins("requirements.txt"))


def test_the_cuda_variant_adds_to_the_image_and_changes_nothing_in_it() -> None:
    base, more = pins("requirements.txt"), pins("requirements-cuda.txt")
    assert set(wanted("requirements-cuda.in")) <= set(more)
    assert {name: base[name] for name in base.keys() & more} == {
        name: more[name] for name in base.keys() & more
    }


def test_both_builders_install_the_same_tools() -> None:
    (line,) = re.findall(r"python3-venv tini \\\n +(.+) \\\n", DOCKERFILE)
    assert tuple(line.split()) == notebook.TOOLS


def test_both_builders_copy_the_same_folders_to_the_same_places() -> None:
    copied = {
        source: place.strip("/")
        for source, place in re.findall(r"(?m)^COPY (\w+)/ (/\S*)$", DOCKERFILE)
        if "lists" not in place
    }
    assert copied == notebook.OURS


def test_both_builders_set_the_same_environment() -> None:
    (block,) = re.findall(r"(?s)\nENV (.+?)\nUSER", DOCKERFILE)
    said = dict(part.split("=", 1) for part in block.replace("\\\n", " ").split())
    config = RECIPE.config["Env"]
    assert isinstance(config, list)
    assert said == dict(part.split("=", 1) for part in config)


def test_whatever_decides_a_layer_decides_the_image() -> None:
    inputs = {name for each in notebook.SLICES for name in each.inputs}
    assert inputs == set(RECIPE.inputs)


def test_byte_code_of_a_run_decides_nothing(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.cpython-311.pyc").touch()
    (tmp_path / "a.py").touch()
    assert files_of(tmp_path) == [tmp_path / "a.py"]


def test_a_layer_of_an_earlier_image_is_used_again_byte_for_byte(tmp_path: Path) -> None:
    for name in ("large", "small"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name * 1000)
    large, small = (
        pack(tmp_path / name, tmp_path / f"{name}.layer", plain({})) for name in ("large", "small")
    )
    earlier = tmp_path / "notebook-a.tar"
    archive.write(earlier, "localhost/notebook:a", "amd64", {}, [large, small])
    kept.note(tmp_path, "notebook-small-x", small)
    found = kept.find(tmp_path, "notebook", "notebook-small-x")
    assert found is not None
    assert found.file == earlier
    later = tmp_path / "later.tar"
    archive.write(later, "localhost/notebook:a", "amd64", {}, [large, found])
    assert later.read_bytes() == earlier.read_bytes()


@pytest.mark.parametrize("spoilt", ["gone", "other", "cut"])
def test_a_layer_that_is_not_there_any_more_is_made_again(tmp_path: Path, spoilt: str) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_text("words " * 5000)
    layer = pack(tmp_path / "tree", tmp_path / "a.layer", plain({}))
    earlier = tmp_path / "notebook-a.tar"
    archive.write(earlier, "localhost/notebook:a", "amd64", {}, [layer])
    kept.note(tmp_path, "notebook-small-x", layer)
    if spoilt == "gone":
        earlier.unlink()
    elif spoilt == "other":
        kept.note(tmp_path, "notebook-small-x", replace(layer, digest="0" * 64))
    else:
        earlier.write_bytes(earlier.read_bytes()[:100])
    assert kept.find(tmp_path, "notebook", "notebook-small-x") is None


def test_the_client_of_the_services_is_in_the_image_under_its_name() -> None:
    scripts = tomllib.loads((IMAGE / "platform_services/pyproject.toml").read_text())["project"]["scripts"]
    for name, entry in scripts.items():
        module, _, function = entry.partition(":")
        script = (IMAGE / "root/opt/notebook/bin" / name).read_text()
        assert f"from {module} import {function}" in script


def test_our_programs_can_be_executed() -> None:
    programs = [*(IMAGE / "root/opt/notebook/bin").iterdir(), IMAGE / "code-server/code-server"]
    assert [program.name for program in programs if not program.stat().st_mode & 0o100] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_kept_as_they_were_written(example: Path) -> None:
    """Outputs of somebody's run would be somebody's data."""
    document = json.loads(example.read_text())
    assert document["metadata"]["kernelspec"]["name"] == "python3"
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    assert code
    assert [cell for cell in code if cell["outputs"] or cell["execution_count"]] == []


def test_the_examples_page_lists_them() -> None:
    page = (IMAGE / "examples/README.md").read_text()
    for example in (IMAGE / "examples").glob("*.ipynb"):
        assert f"`{example.stem}`" in page


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def test_limits_are_the_control_groups_of_either_version(tmp_path: Path) -> None:
    first = write(
        tmp_path / "1",
        {
            "cpu/cpu.cfs_quota_us": "150000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": "4096\n",
            "memory/memory.usage_in_bytes": "12\n",
        },
    )
    second = write(
        tmp_path / "2",
        {"cpu.max": "150000 100000\n", "memory.max": "4096\n", "memory.current": "12\n"},
    )
    expected = limits.Limits(processors=1.5, memory=4096, memory_used=12)
    assert limits.limits(second) == limits.limits(first) == expected


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"cpu.max": "max 100000", "memory.max": "max"},
        {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
        {"memory/memory.limit_in_bytes": "9223372036854771712"},
    ],
    ids=["unknown", "second", "first", "first, memory"],
)
def test_no_limit_is_said_as_none(tmp_path: Path, files: dict[str, str]) -> None:
    assert limits.limits(write(tmp_path, files)) == limits.Limits(None, None, None)


def test_the_greeting_says_what_is_and_what_is_not() -> None:
    up = facts.Service("trino", "trino.data:8080", granted=True, up=True, why="")
    down = facts.Service("mlflow", "mlflow.ml:5000", granted=True, up=False, why="refused")
    closed = facts.Service("kafka", "kafka.x:9092", granted=False, up=False, why="")
    said = words.for_terminal(replace(FACTS, services=[up, down, closed]))
    for sentence in (
        "Welcome, ada",
        "1.5 processors, 4.0 GiB of memory (1.0 GiB in use), no GPU, VS Code in the launcher",
        "5.0 GiB free of 10.0 GiB",
        "answers at trino.data:8080",
        "does not answer at mlflow.ml:5000: refused",
        "is not granted to you",
    ):
        assert sentence in said


def test_a_home_that_fills_up_is_said_before_it_is_full() -> None:
    assert "NEARLY FULL" in words.for_terminal(replace(FACTS, home_free=1 << 29))
    assert "NEARLY FULL" not in words.for_terminal(FACTS)


def test_the_page_shows_names_as_text() -> None:
    assert "<script>" not in words.for_browser(replace(FACTS, user="<script>"))


def test_a_greeting_is_given_whatever_is_wrong_with_the_services(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_name: str) -> None:
        raise RuntimeError("a catalogue that nobody can read")

    monkeypatch.setattr(facts, "note_file", lambda: tmp_path / "note")
    monkeypatch.setattr(importlib, "import_module", broken)
    assert facts.gather().services == []


def test_what_was_found_out_is_not_asked_again_while_it_is_new(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[float] = []

    class Client:
        @staticmethod
        def reachable(timeout: float) -> list[facts.Service]:
            asked.append(timeout)
            return [facts.Service("trino", "trino:8080", granted=True, up=True, why="")]

    monkeypatch.setattr(facts, "note_file", lambda: tmp_path / "note")
    monkeypatch.setattr(importlib, "import_module", lambda _name: Client)
    first = facts.gather()
    facts.note(first)
    assert facts.gather().services == first.services
    assert len(asked) == 1
    assert facts.gather(fresh=True).services == first.services
    monkeypatch.setattr(facts, "FRESH", -1)
    facts.gather()
    assert len(asked) == 3
    (tmp_path / "note").write_text("spoilt")
    facts.gather()
    assert len(asked) == 4


def test_a_full_disk_keeps_nobody_from_being_greeted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(facts, "note_file", lambda: tmp_path / "no such folder" / "note")
    facts.note(FACTS)


def test_arranging_keeps_what_runs_here_and_drops_the_rest(tmp_path: Path) -> None:
    arrange = runpy.run_path(str(IMAGE / "code-server/arrange.py"))
    modules = tmp_path / "prefix/node_modules"
    editor = modules / "code-server/lib/vscode"
    for name in arrange["EXTENSIONS"]:
        (editor / "extensions" / name).mkdir(parents=True)
    for name in ("python", "git"):
        (editor / "extensions" / name).mkdir()
    for name in ("linux-x64", "linux-arm64", "win32-x64", "darwin-arm64"):
        (modules / "node-pty/prebuilds" / name).mkdir(parents=True)
    (tmp_path / "node/bin").mkdir(parents=True)
    (tmp_path / "node/bin/node").touch()
    arrange["arrange"](tmp_path / "prefix", tmp_path / "node")
    assert (editor / "node_modules").resolve() == modules.resolve()
    assert {path.name for path in (modules / "node-pty/prebuilds").iterdir()} == {"linux-x64", "linux-arm64"}
    assert {path.name for path in (editor / "extensions").iterdir()} == {
        "git",
        "platform-defaults",
        "python",
    }
    assert (tmp_path / "prefix/bin/node").stat().st_mode & 0o111
