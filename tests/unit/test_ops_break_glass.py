"""`ops break-glass`: what it asks of the cluster, what it shows and to whom, and where it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.unit.ops_runs import ran, tool

TOKEN = "0123456789abcdef0123456789abcdef"
_KUBECTL = """#!{python}
import json, pathlib, sys
with open({calls!r}, "a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
if "whoami" in sys.argv:
    print(json.dumps({{"status": {{"userInfo": {{"username": "carol@example.org"}}}}}}))
elif "exec" in sys.argv:
    print("a line of the hub's own")
    print(pathlib.Path({answer!r}).read_text())
"""


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kubectl that answers as the pod would, and writes down what it was asked."""
    script = _KUBECTL.format(
        python=sys.executable, calls=str(tmp_path / "calls"), answer=str(tmp_path / "answer")
    )
    monkeypatch.setenv("PATH", str(tool(tmp_path / "bin", "kubectl", script).parent))
    answers(tmp_path, {"token": TOKEN, "id": "a7", "expires": "2026-11-21T22:00:00Z"})
    return tmp_path


def answers(folder: Path, answer: object) -> None:
    (folder / "answer").write_text(json.dumps(answer))


def asked(folder: Path) -> list[list[str]]:
    place = folder / "calls"
    return [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []


def at_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ops.break_glass.at_a_terminal", lambda: True)


def test_a_token_is_shown_once_with_its_end(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    result = ran("break-glass", "aiv-prod", "--purpose", " no provider ", "--minutes", "30")
    assert result.output.count(TOKEN) == 1
    assert "a7" in result.output
    assert "2026-11-21T22:00:00Z" in result.output
    who, made = asked(cluster)
    assert "whoami" in who
    assert made[made.index("exec") :] == [
        "exec",
        "deploy/hub",
        "--container",
        "hub",
        "--",
        "python3",
        "/usr/local/etc/jupyterhub/break_glass.py",
        "make",
        "--minutes",
        "30",
        "--purpose",
        "no provider",
        "--operator",
        "carol@example.org",
    ]
    assert not any(TOKEN in word for call in asked(cluster) for word in call)


def test_the_address_is_the_one_that_people_type(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    given = ("--purpose", "no provider")
    for stack, address in (("aiv-prod", "jupyterhub.aiv.internal"), ("local", "jupyterhub.localhost:8443")):
        assert f"https://{address}/hub/api/users" in ran("break-glass", stack, *given).output


def test_nothing_is_made_where_it_would_lie_in_a_file(cluster: Path) -> None:
    result = ran("break-glass", "aiv-prod", "--purpose", "x", ends=2)
    assert "no terminal" in result.output
    assert asked(cluster) == []


@pytest.mark.parametrize("purpose", [(), ("--purpose", "  ")])
def test_nothing_is_made_without_a_purpose(
    cluster: Path, monkeypatch: pytest.MonkeyPatch, purpose: tuple[str, ...]
) -> None:
    at_a_terminal(monkeypatch)
    assert "No purpose" in ran("break-glass", "aiv-prod", *purpose, ends=2).output
    assert asked(cluster) == []


def test_it_lasts_no_longer_than_a_day_of_work(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    for minutes in ("0", "481"):
        ran("break-glass", "aiv-prod", "--purpose", "x", "--minutes", minutes, ends=2)
    assert asked(cluster) == []


def test_those_there_are_and_their_end(cluster: Path) -> None:
    one = {"id": "a7", "created": "2026-11-21T21:00:00Z", "expires": "2026-11-21T22:00:00Z", "used": True}
    answers(cluster, {"tokens": [one]})
    assert "a7" in ran("break-glass", "aiv-prod", "--list", ends=1).output
    answers(cluster, {"tokens": []})
    assert "none" in ran("break-glass", "aiv-prod", "--list").output
    answers(cluster, {"revoked": ["a7"]})
    assert "Revoked: a7" in ran("break-glass", "aiv-prod", "--revoke").output
    ran("break-glass", "aiv-prod", "--revoke", "--list", ends=2)


def test_a_cluster_that_refuses_is_told_in_words(cluster: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_a_terminal(monkeypatch)
    tool(cluster / "bin", "kubectl", "#!/bin/sh\necho 'error: forbidden' >&2; exit 1\n")
    assert "Nothing was made" in ran("break-glass", "aiv-prod", "--purpose", "x", ends=2).output
