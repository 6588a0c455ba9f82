"""The chart archive: only the one that the settings name is taken, and a bad one is said plainly."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from chart.source import Unusable, load
from tests.unit.documents import settings
from tests.unit.packed import pack

PLACE = ".charts/jupyterhub-4.4.0.tgz"


def refusal(project: Path, digest: str | None = None) -> str:
    chart = settings({"chart": {"digest": digest}} if digest else {}).chart
    with pytest.raises(Unusable) as raised:
        load(chart, project)
    return str(raised.value)


def test_the_archive_is_read_at_its_place_in_the_project(tmp_path: Path) -> None:
    pack(tmp_path / PLACE, defaults={"hub": {"a": 1}}, schema={"type": "object"})
    archive = load(settings().chart, tmp_path)
    assert (archive.version, archive.defaults, archive.schema) == (
        "4.4.0",
        {"hub": {"a": 1}},
        {"type": "object"},
    )


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    assert f"settings.chart.path [C1]: there is no file {PLACE} in the project." in refusal(tmp_path)


def test_another_version_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / PLACE, version="4.4.1")
    assert f"{PLACE} is jupyterhub 4.4.1, not jupyterhub 4.4.0." in refusal(tmp_path)


def test_another_chart_is_refused(tmp_path: Path) -> None:
    pack(tmp_path / PLACE, name="binderhub")
    assert "is binderhub 4.4.0" in refusal(tmp_path)


def test_the_digest_holds_the_content(tmp_path: Path) -> None:
    pack(tmp_path / PLACE)
    digest = hashlib.sha256((tmp_path / PLACE).read_bytes()).hexdigest()
    assert load(settings({"chart": {"digest": digest}}).chart, tmp_path).version == "4.4.0"
    assert digest in refusal(tmp_path, digest="0" * 64)


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00broken"])
def test_a_broken_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    pack(tmp_path / PLACE)
    (tmp_path / PLACE).write_bytes(content)
    assert "is no packed chart jupyterhub" in refusal(tmp_path)


def test_an_archive_cut_short_is_refused(tmp_path: Path) -> None:
    whole = pack(
        tmp_path / PLACE, defaults={"words": [f"word {number}" for number in range(5000)]}
    ).read_bytes()
    (tmp_path / PLACE).write_bytes(whole[: len(whole) // 2])
    assert "is no packed chart jupyterhub" in refusal(tmp_path)
