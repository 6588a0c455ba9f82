"""A chart from a Helm repository: only the version that is named, only whole, each failure one finding."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart import checks, transport
from chart.archive import Archive
from chart.source import Unusable, load
from settings import Settings
from tests.unit.documents import settings
from tests.unit.loopback import BASIC, PASSWORD, USER, Reply, Served, forget_surroundings, server
from tests.unit.packed import pack

PLACE = ".charts/jupyterhub-4.4.0.tgz"
PACKED = "/charts/jupyterhub-4.4.0.tgz"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_surroundings(monkeypatch, tmp_path)


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    return pack(tmp_path / "packed.tgz").read_bytes()


@pytest.fixture
def repository(packed: bytes) -> Iterator[Served]:
    with server() as served:
        served.replies[PACKED] = Reply(packed)
        index(served, [entry(packed), {**entry(packed), "version": "4.3.9"}])
        yield served


def entry(packed: bytes, **other: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
    digest = hashlib.sha256(packed).hexdigest()
    return {"name": "jupyterhub", "version": "4.4.0", "urls": [PACKED[1:]], "digest": digest} | other


def index(served: Served, entries: object) -> None:
    whole = {"apiVersion": "v1", "entries": {"jupyterhub": entries}}
    served.replies["/index.yaml"] = Reply(yaml.safe_dump(whole).encode())


def wanted(url: str, **other: Any) -> Settings:  # noqa: ANN401 -- JSON
    return settings({"chart": {"source": "repository", "path": None, "url": url} | other})


def fetched(served: Served, project: Path, **other: Any) -> Archive:  # noqa: ANN401 -- JSON
    return load(wanted(served.url, **other).chart, project)


def refusal(url: str, project: Path, **other: Any) -> str:  # noqa: ANN401 -- JSON
    with pytest.raises(Unusable) as raised:
        load(wanted(url, **other).chart, project)
    left = project / ".charts"
    assert not left.exists() or list(left.iterdir()) == []
    return str(raised.value)


def test_the_chart_is_fetched_into_the_project_and_read(
    repository: Served, packed: bytes, tmp_path: Path
) -> None:
    assert fetched(repository, tmp_path).version == "4.4.0"
    assert (tmp_path / PLACE).read_bytes() == packed
    assert [place.name for place in (tmp_path / ".charts").iterdir()] == ["jupyterhub-4.4.0.tgz"]


def test_what_is_there_is_not_fetched_again(repository: Served, tmp_path: Path) -> None:
    fetched(repository, tmp_path)
    repository.asked.clear()
    assert fetched(repository, tmp_path).version == "4.4.0"
    assert repository.asked == []


def test_what_is_there_is_held_against_the_digest(repository: Served, tmp_path: Path) -> None:
    fetched(repository, tmp_path)
    with pytest.raises(Unusable, match="Remove the file to fetch the chart again"):
        fetched(repository, tmp_path, digest="0" * 64)


def test_an_archive_on_another_host_is_fetched_there(
    repository: Served, packed: bytes, tmp_path: Path
) -> None:
    with server() as other:
        other.replies["/far.tgz"] = Reply(packed)
        index(repository, [entry(packed, urls=[f"{other.url}far.tgz"])])
        assert fetched(repository, tmp_path).version == "4.4.0"


def test_a_server_that_calls_the_archive_encoded_changes_nothing(
    repository: Served, packed: bytes, tmp_path: Path
) -> None:
    repository.replies[PACKED] = Reply(packed, headers={"Content-Encoding": "gzip"})
    fetched(repository, tmp_path)
    assert (tmp_path / PLACE).read_bytes() == packed
    assert repository.encodings == {"identity"}


def test_a_chart_under_another_name_is_taken_by_that_name(repository: Served, tmp_path: Path) -> None:
    said = refusal(repository.url, tmp_path, name="hub")
    assert "settings.chart.name [C1]: the repository has no chart hub." in said
    assert "It has: jupyterhub." in said


def test_a_version_that_is_not_there_is_answered_with_its_neighbours(
    repository: Served, packed: bytes, tmp_path: Path
) -> None:
    versions = ["3.3.8", "4.3.9", "4.4.0", "4.4.2", "4.4.1-0.dev.git.7", "5.1.0", "0.11.1", "4.0.0"]
    index(repository, [entry(packed, version=version) for version in versions])
    said = refusal(repository.url, tmp_path, version="4.4.1")
    assert "settings.chart.version [C1]: the repository has no jupyterhub 4.4.1." in said
    assert "Nearest: 3.3.8, 4.0.0, 4.3.9, 4.4.0, 4.4.2." in said


def test_a_pinned_digest_that_differs_is_refused_before_the_file_has_its_name(
    repository: Served, packed: bytes, tmp_path: Path
) -> None:
    said = refusal(repository.url, tmp_path, digest="0" * 64)
    assert "settings.chart.digest [C1]" in said
    assert hashlib.sha256(packed).hexdigest() in said


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"digest": "1" * 64}, "and the index of"),
        ({"urls": []}, "names no address"),
        ({"urls": ["file:///etc/passwd"]}, "names no address"),
        ({"urls": ["oci://registry.example.org/jupyterhub:4.4.0"]}, "Use source: oci"),
        ({"urls": ["http://charts.example.org/x.tgz"], "digest": None}, "no digest holds it"),
        ({"urls": ["gone.tgz"]}, "has nothing at that address (status 404)"),
    ],
)
def test_a_damaged_entry_is_refused(
    repository: Served, packed: bytes, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    index(repository, [entry(packed, **change)])
    assert words in refusal(repository.url, tmp_path)


@pytest.mark.parametrize(
    "body", [b"<html>please sign in</html>", b"", b"entries: [a]", b"\x00", b"{", b"entries: {jupyterhub: 3}"]
)
def test_what_is_no_index_is_refused(repository: Served, tmp_path: Path, body: bytes) -> None:
    repository.replies["/index.yaml"] = Reply(body)
    assert "settings.chart." in refusal(repository.url, tmp_path)


def test_an_archive_that_is_no_chart_is_refused(repository: Served, tmp_path: Path) -> None:
    repository.replies[PACKED] = Reply(b"no archive")
    index(repository, [entry(b"no archive")])
    assert "is no packed chart jupyterhub" in refusal(repository.url, tmp_path)


def test_an_answer_cut_short_is_refused(repository: Served, packed: bytes, tmp_path: Path) -> None:
    repository.replies[PACKED] = Reply(packed, cut=True)
    assert "gives no whole answer" in refusal(repository.url, tmp_path)


def test_an_answer_without_end_is_cut_off(
    repository: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chart.repository._CHART_MOST", 100)
    assert "gives more than" in refusal(repository.url, tmp_path)


@pytest.mark.parametrize(
    ("status", "words"),
    [(500, "answers with status 500"), (403, "wants a login"), (404, "nothing at that address")],
)
def test_a_status_is_said(repository: Served, tmp_path: Path, status: int, words: str) -> None:
    repository.replies["/index.yaml"] = Reply(status=status)
    assert words in refusal(repository.url, tmp_path)


def test_a_login_comes_from_netrc_and_is_never_shown(repository: Served, tmp_path: Path) -> None:
    repository.wants = BASIC
    assert "Put the login into ~/.netrc" in refusal(repository.url, tmp_path)
    netrc = tmp_path / "home" / ".netrc"
    netrc.parent.mkdir()
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    assert fetched(repository, tmp_path).version == "4.4.0"
    assert BASIC in dict(repository.asked).values()
    repository.wants = "Basic other"
    (tmp_path / PLACE).unlink()
    assert PASSWORD not in refusal(repository.url, tmp_path)


def test_nothing_listening_is_one_finding(tmp_path: Path) -> None:
    with server() as gone:
        url = gone.url
    said = refusal(url, tmp_path)
    assert "127.0.0.1 cannot be reached" in said
    assert "source: path" in said


def test_a_proxy_is_used_and_its_password_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with server() as proxy:
        proxy.replies["http://charts.example.org/index.yaml"] = Reply(status=502)
        monkeypatch.setenv("HTTP_PROXY", f"http://{USER}:{PASSWORD}@{proxy.host}")
        said = refusal("http://charts.example.org/", tmp_path, digest="0" * 64)
        assert proxy.paths == ["http://charts.example.org/index.yaml"]
    assert "charts.example.org answers with status 502" in said
    said = refusal("http://charts.example.org/", tmp_path, digest="0" * 64)
    assert "cannot be reached through the proxy" in said
    assert PASSWORD not in said


def test_this_machine_is_reached_without_the_proxy(
    repository: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert fetched(repository, tmp_path).version == "4.4.0"


def test_authorities_that_are_not_there_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    assert "Correct REQUESTS_CA_BUNDLE" in refusal("https://127.0.0.1:9/", tmp_path)


def test_a_server_that_never_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "_SILENCE", 0.1)
    with server() as slow:
        slow.replies["/index.yaml"] = Reply(b"x", late=0.4)
        assert "settings.chart.url [C1]: 127.0.0.1 does not answer in time." in refusal(slow.url, tmp_path)


def test_a_folder_that_cannot_be_written_is_said(repository: Served, tmp_path: Path) -> None:
    (tmp_path / ".charts").write_text("in the way")
    with pytest.raises(Unusable, match=r"cannot be written to \.charts/"):
        fetched(repository, tmp_path)


def test_a_disk_that_is_full_leaves_nothing_behind(
    repository: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert "cannot be written to .charts/: No space left on device" in refusal(repository.url, tmp_path)


def test_a_chart_that_is_not_pinned_is_a_warning_with_the_line_to_add(
    repository: Served, packed: bytes, tmp_path: Path
) -> None:
    digest = hashlib.sha256(packed).hexdigest()
    archive = fetched(repository, tmp_path)
    (warning,) = checks.findings(wanted(repository.url), archive)
    assert (warning.rule, warning.severity) == ("C2", "warning")
    assert f"digest: {digest}" in warning.remedy
    assert checks.findings(wanted(repository.url, digest=digest), archive) == []
    assert checks.findings(settings(), archive) == []
