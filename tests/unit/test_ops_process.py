"""`bin/ops` as a shell runs it: from anywhere, into anything, stopped at any time, never a traceback."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

import pytest

from ops import env
from ops.__main__ import main
from tests.unit.documents import PROJECT
from tests.unit.ops_runs import ran

OPS = PROJECT / "bin" / "ops"


def shell(script: str, cwd: Path = PROJECT, more: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a line of a shell; `ops` is this checkout's."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        check=False,
        cwd=cwd,
        env={**os.environ, "PATH": f"{OPS.parent}:{os.environ['PATH']}", **(more or {})},
        capture_output=True,
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert "Traceback" not in out + err, err
    assert "Exception ignored" not in err
    assert "Warning" not in err
    return done.returncode, out, err


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("ops values lab | sleep 0", 141),
        ("ops compare lab aiv-prod | sleep 0", 141),
        ("ops check --stack lab | sleep 0", 141),
        ("ops --help | sleep 0", 141),
        ("ops rights --help | sleep 0", 141),
        ("ops values lab >&-", 0),
        ("ops check --stack lab >&- 2>&-", 0),
        ("ops values nowhere 2>&-", 2),
        ("ops firewall lab > /dev/full", 2),
        ("ops --help > /dev/full", 2),
    ],
)
def test_an_output_that_takes_no_more_is_told_by_the_code(line: str, code: int) -> None:
    found, _, err = shell(line)
    assert found == code
    assert ("No space left on device" in err) == ("/dev/full" in line)


def test_who_stops_it_while_it_loads_is_shown_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loading(ModuleType):
        @property
        def app(self) -> None:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "ops.cli", Loading("ops.cli"))
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130


def test_who_stops_a_command_is_shown_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(_stack: str, _project: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(env, "settings_of", stopped)
    assert ran("env", "lab", ends=130).output == ""


def test_it_runs_from_another_folder_and_by_a_link_to_a_link(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to(OPS)
    (tmp_path / "two").symlink_to("one")
    code, out, _ = shell("./two env lab", cwd=tmp_path)
    assert code == 0
    assert "export PULUMI_STACK=lab\n" in out


def test_without_a_venv_it_says_how_to_make_one(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(OPS, tmp_path / "bin")
    code, out, err = shell("bin/ops check", cwd=tmp_path)
    assert (code, out) == (2, "")
    assert f"make -C {tmp_path} venv" in err


@pytest.mark.parametrize(
    "surroundings",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
        {"LC_ALL": "C", "TERM": "dumb", "COLUMNS": "1"},
        {"TZ": "Pacific/Kiritimati", "NO_COLOR": "1"},
    ],
)
def test_locale_terminal_and_place_of_the_clock_change_no_byte(
    surroundings: dict[str, str], tmp_path: Path
) -> None:
    text = (PROJECT / "Pulumi.lab.yaml").read_text(encoding="utf-8")
    changed = re.sub("owner: .*", "owner: Größe \u2713", text)
    (tmp_path / "Pulumi.lab.yaml").write_text(changed, encoding="utf-8")
    line = f"ops env lab --project {tmp_path}"
    found = shell(line, more=surroundings)
    assert "Größe \u2713" in found[1]
    assert found == shell(line)
