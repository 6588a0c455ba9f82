"""Where the chart comes from: the order, what an unusable one says, and that the same is the same path."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from embedded import charts
from embedded.fault import Fault
from tests.unit.packed import pack

VERSION = "4.4.1"

# Packs as Helm does (with the time of packing in it), and fetches what lies in the place named here.
HELM = """#!{python}
import json, pathlib, shutil, sys, tarfile
words = sys.argv[1:]
pathlib.Path("{log}").open("a").write(json.dumps(words) + "\\n")
there = pathlib.Path(words[words.index("--destination") + 1])
if words[0] == "package":
    with tarfile.open(there / "chart.tgz", "w:gz") as archive:
        archive.add(words[1], "jupyterhub")
elif pathlib.Path("{remote}").exists():
    shutil.copy("{remote}", there / "jupyterhub.tgz")
else:
    sys.exit("Error: looks like the repository cannot be reached")
"""


class Machine:
    """A project, a pretended Helm, and what the repository has, if anything."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        self.project.mkdir()
        self.remote = root / "remote.tgz"
        self.log = root / "log"
        self.helm = root / "helm"
        self.helm.write_text(HELM.format(python=sys.executable, remote=self.remote, log=self.log))
        self.helm.chmod(0o755)

    def ensure(self, given: Path | None = None) -> charts.ChartArchive:
        return charts.ensure(self.project, self.helm, given)

    def asked(self) -> list[str]:
        """The first words of Helm's command lines."""
        return [line.split('"')[1] for line in self.log.read_text().splitlines()] if self.log.exists() else []

    def kept(self) -> list[str]:
        return sorted(place.name for place in (self.project / ".charts").iterdir())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    monkeypatch.delenv("EMBEDDED_OFFLINE", raising=False)
    return Machine(tmp_path)


def test_the_real_chart_comes_before_the_small_one(machine: Machine) -> None:
    pack(machine.remote, VERSION)

    found = machine.ensure()

    assert found.version == VERSION
    assert "from its repository" in found.origin
    assert (machine.project / found.path).read_bytes() == machine.remote.read_bytes()


def test_a_chart_that_is_given_comes_before_all(machine: Machine, tmp_path: Path) -> None:
    pack(machine.remote, VERSION)

    found = machine.ensure(pack(tmp_path / "given.tgz", "4.5.0"))

    assert (found.version, machine.asked()) == ("4.5.0", [])


def test_the_small_chart_stands_in_and_says_so(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    found = machine.ensure()

    said = capsys.readouterr().out
    assert found.version.endswith("+embedded")
    assert "cannot be fetched" in said
    assert "repository cannot be reached" in said
    assert len(said.strip().splitlines()) == 1


def test_offline_means_that_nothing_is_asked_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDED_OFFLINE", "1")
    pack(machine.remote, VERSION)

    assert machine.ensure().version.endswith("+embedded")
    assert machine.asked() == ["package"]


def test_what_never_answers_is_not_waited_for(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(charts, "FETCH_SECONDS", 0.2)
    body = machine.helm.read_text()
    slow = "words = sys.argv[1:]\nif words[0] == 'pull':\n    import time; time.sleep(60)"
    machine.helm.write_text(body.replace("words = sys.argv[1:]", slow))

    assert machine.ensure().version.endswith("+embedded")


def test_the_real_chart_once_fetched_stays_when_the_way_is_gone(machine: Machine) -> None:
    pack(machine.remote, VERSION)
    first = machine.ensure()
    machine.remote.unlink()

    again = machine.ensure()

    assert again.path == first.path
    assert machine.asked() == ["pull"]


def test_an_unchanged_chart_is_an_unchanged_path_and_a_changed_one_another(
    machine: Machine, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, text in (("Chart.yaml", "name: jupyterhub\nversion: 1.2.3\n"), ("values.yaml", "a: 1\n")):
        (source / name).write_text(text)
    (source / "values.schema.json").write_text("{}")

    first = machine.ensure(source)
    bytes_first = (machine.project / first.path).read_bytes()
    os.utime(source / "values.yaml", (1, 1))
    again = machine.ensure(source)
    assert (again.path, (machine.project / again.path).read_bytes()) == (first.path, bytes_first)

    (source / "values.yaml").write_text("a: 2\n")
    changed = machine.ensure(source)
    assert changed.path != first.path
    assert machine.kept() == [changed.path.name]


def test_the_path_is_relative_so_that_checkouts_do_not_differ(machine: Machine) -> None:
    found = machine.ensure()

    assert not found.path.is_absolute()
    assert found.path.parts[0] == ".charts"


def test_half_a_file_under_a_good_name_is_written_again(machine: Machine, tmp_path: Path) -> None:
    given = pack(tmp_path / "given.tgz")
    found = machine.ensure(given)
    (machine.project / found.path).write_bytes(b"half")

    machine.ensure(given)

    assert (machine.project / found.path).read_bytes() == given.read_bytes()


def not_packed(place: Path) -> Path:
    place.write_bytes(b"not packed")
    return place


def without_schema(place: Path) -> Path:
    place.mkdir()
    (place / "Chart.yaml").write_text("name: jupyterhub\nversion: 4.4.0\n")
    (place / "values.yaml").write_text("{}\n")
    return place


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda place: place, "cannot be read"),
        (not_packed, "no packed chart"),
        (without_schema, "no values.schema.json"),
        (lambda place: pack(place, name="binderhub"), "is the chart binderhub"),
    ],
    ids=["absent", "no archive", "source without its schema", "another chart"],
)
def test_a_given_chart_that_cannot_be_used_is_a_fault_and_changes_nothing(
    make: object, words: str, machine: Machine, tmp_path: Path
) -> None:
    good = machine.ensure()
    assert callable(make)

    with pytest.raises(Fault, match=words) as fault:
        machine.ensure(make(tmp_path / "given"))

    assert fault.value.remedy
    assert machine.kept() == [good.path.name]
