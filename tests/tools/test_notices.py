"""The lab's notices: what they say when, in Node.js; and their types, by the real compiler."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.unit.documents import PROJECT

NOTICES = PROJECT / "files" / "server" / "lab" / "notices.js"
SCENES = Path(__file__).resolve().parent / "lab" / "notices.test.mjs"
CHECKED = ("--strict", "--allowJs", "--checkJs", "--noEmit", "--target", "es2022", "--lib", "es2022,dom")


def ran(*words: str | Path) -> tuple[int, str]:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_the_notices_say_what_they_should() -> None:
    node = shutil.which("node")
    assert node, (
        "node is not on PATH: the notices cannot be tried. Install Node.js (any way), then try again."
    )
    status, said = ran(node, "--test", SCENES)
    assert status == 0, said


def test_the_compiler_finds_nothing_in_the_notices(compiler: Path, tmp_path: Path) -> None:
    assert ran(compiler, *CHECKED, NOTICES) == (0, "")
    broken = tmp_path / "notices.js"
    broken.write_text(NOTICES.read_text().replace("end.left <= end.notice", "end.lef <= end.notice"))
    status, said = ran(compiler, *CHECKED, broken)
    assert status != 0
    assert "Property 'lef' does not exist" in said
