"""The portal's card as TypeScript: the real compiler takes it, and would not take another."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from settings.portal import card, card_files
from tests.unit.documents import settings_of

TRICKY = (
    'Ada\'s "hub" `${process.exit()}` \\ */ // </script><!-- \u2028\u2029\u0085 é 🚀',
    "\\",
    "\\u2028 \\' \\`",
    "*/ export const card = 1; /*",
)
STRICT = ("--strict", "--noEmit", "--target", "es2022", "--module", "nodenext", "--pretty", "false")
USE = """
import {{ card, type PortalCard }} from "./card.js";
const shown: PortalCard = card;
const title: {title} = card.title;
export {{ shown, title }};
"""


def said_by(compiler: Path, folder: Path, *files: str) -> str:
    done = subprocess.run(
        [compiler, *STRICT, *files],
        cwd=folder,
        env={**os.environ, "NODE_OPTIONS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def written(folder: Path, title: str, **more: str) -> dict[str, Any]:
    """Write the card of a stack whose texts are these, and a program of a portal that uses it."""
    patch = {"services": {"portalCard": {"title": title[:60], "description": title, **more}}}
    settings = settings_of("carbon254", patch)
    folder.mkdir()
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "card.ts").write_text(card_files(settings)["card.ts"])
    shown = card(settings)
    assert shown is not None
    (folder / "use.ts").write_text(USE.format(title=json.dumps(shown["title"])))
    return dict(shown)


# One run of the compiler for all of them: its start takes longer than any card.
def test_the_compiler_takes_the_card_whatever_people_wrote(compiler: Path, tmp_path: Path) -> None:
    places = {title: tmp_path / str(number) for number, title in enumerate(("JupyterHub", *TRICKY))}
    shown = {title: written(place, title, icon="notebook") for title, place in places.items()}
    files = [f"{place.name}/{name}" for place in places.values() for name in ("card.ts", "use.ts")]
    assert said_by(compiler, tmp_path, *files) == ""
    for title, place in places.items():
        assert as_node_reads_it(place) == shown[title]


def as_node_reads_it(folder: Path) -> dict[str, str]:
    """Run the module's own text, less the types."""
    node = shutil.which("node")
    assert node, "npm without Node.js"
    text = (folder / "card.ts").read_text()
    plain = text[text.index("export const card = ") :].replace(" as const satisfies PortalCard", "")
    (folder / "card.mjs").write_text(plain)
    ask = "import('./card.mjs').then((it) => process.stdout.write(JSON.stringify(it.card)))"
    done = subprocess.run([node, "-e", ask], cwd=folder, capture_output=True, text=True, check=True)
    found: dict[str, str] = json.loads(done.stdout)
    return found


def test_the_compiler_refuses_another_card(compiler: Path, tmp_path: Path) -> None:
    changes = {
        "another-name": ('"url":', '"uri":'),
        "another-type": ('"title": "JupyterHub"', '"title": 1'),
        "one-more": ('"url":', '"colour": "red",\n  "url":'),
    }
    for name, (old, new) in changes.items():
        written(tmp_path / name, "JupyterHub")
        text = (tmp_path / name / "card.ts").read_text()
        assert old in text
        (tmp_path / name / "card.ts").write_text(text.replace(old, new))
    said = said_by(compiler, tmp_path, *(f"{name}/card.ts" for name in changes))
    assert {line.partition("/")[0] for line in said.splitlines() if "error TS" in line} == set(changes)
