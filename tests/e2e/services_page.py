"""docs/services-tried.md: the parts of it that a run on the node writes, and what they say."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence

from embedded.images.extras import POSTGRES_VERSION
from embedded.paths import CHECKOUT
from embedded.toolchain.versions import load
from tests.e2e.services_rows import STUBS

PAGE = CHECKOUT / "docs" / "services-tried.md"
_ADDRESS = re.compile(r"\b\d+(?:\.\d+){3}\b")
_KAFKA = r"kafka_[^<]*</artifactId>\s*<version>([^<]+)"
AGAIN = "reviewed? then UPDATE_GOLDEN=1 and this file remake it"


def kept(part: str, lines: Sequence[str]) -> str:
    """Give what the page has in one of its parts, after writing there where goldens are remade."""
    marks = rf"(<!-- {part} -->\n)(.*?)(<!-- end of {part} -->\n)"
    text = PAGE.read_text()
    if os.environ.get("UPDATE_GOLDEN"):
        new = "\n".join([*lines, ""])
        text = re.sub(marks, lambda found: found[1] + new + found[3], text, flags=re.DOTALL)
        PAGE.write_text(text)
    found = re.search(marks, text, flags=re.DOTALL)
    assert found, f"{PAGE.name} has no part {part}"
    return found[2]


def written(lines: Sequence[str]) -> str:
    """Give lines as they stand in the page."""
    return "\n".join([*lines, ""])


def came_back(examples: Mapping[str, Sequence[str]], failed: Collection[str]) -> list[str]:
    """Write for each kind what ran as it, and what its example printed, but for those that failed."""
    ran = programs()
    lines = ["| service | what ran | its example printed | data came back |", "|---|---|---|---|"]
    for kind, wanted in examples.items():
        words = ", ".join(f"`{one}`" for one in wanted)
        came = "**no**" if kind in failed else ("a stub's answer" if kind in STUBS else "yes")
        lines.append(f"| {kind} | {ran[kind]} | {words} | {came} |")
    return lines


def quoted(words: Mapping[str, str]) -> list[str]:
    """Write what the client said, under what was wrong; pods have other addresses each time."""
    found = {what: _ADDRESS.sub("ADDRESS", said) for what, said in words.items()}
    return [line for what, said in found.items() for line in (f"{what}:", "", "```text", said, "```", "")][
        :-1
    ]


def programs() -> Mapping[str, str]:
    """Name what runs as each kind of service, in the version that is locked."""
    return {
        "postgresql": f"PostgreSQL {POSTGRES_VERSION}",
        "minio": f"Versity's S3 gateway {load().modules['versitygw'].version}",
        "kafka": f"Apache Kafka {_first('images/services/pom.xml', _KAFKA)}",
        "mlflow": f"MLflow {_locked('images/services/requirements.txt', 'mlflow')}",
        "ray": f"Ray {_locked('images/notebook/requirements.txt', 'ray')}",
        "trino": "**a stub** of its REST, no Trino",
        "datahub": "**a stub** of its REST, no DataHub",
    }


def _locked(file: str, package: str) -> str:
    return _first(file, rf"(?m)^{package}==(\S+)")


def _first(file: str, pattern: str) -> str:
    found = re.search(pattern, (CHECKOUT / file).read_text())
    assert found, f"{file} names no version"
    return found[1]
