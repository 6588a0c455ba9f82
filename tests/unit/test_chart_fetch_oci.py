"""A chart from an OCI registry: the chart layer of the version, both logins, each failure one finding."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chart import logins
from chart.archive import Archive
from chart.source import Unusable, load
from tests.unit.documents import settings
from tests.unit.loopback import (
    BASIC,
    PASSWORD,
    USER,
    Reply,
    Served,
    as_registry,
    forget_surroundings,
    server,
)
from tests.unit.packed import pack

PLACE = ".charts/jupyterhub-4.4.0.tgz"
MANIFEST = "/v2/helm/jupyterhub/manifests/4.4.0"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_surroundings(monkeypatch, tmp_path)


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    return pack(tmp_path / "packed.tgz").read_bytes()


@pytest.fixture
def registry(packed: bytes) -> Iterator[Served]:
    with server() as served:
        as_registry(served, packed)
        yield served


def fetched(served: Served, project: Path, **other: Any) -> Archive:  # noqa: ANN401 -- JSON
    ref = f"oci://{served.host}/helm/jupyterhub"
    return load(settings({"chart": {"source": "oci", "path": None, "ref": ref} | other}).chart, project)


def refusal(served: Served, project: Path, **other: Any) -> str:  # noqa: ANN401 -- JSON
    with pytest.raises(Unusable) as raised:
        fetched(served, project, **other)
    left = project / ".charts"
    assert not left.exists() or list(left.iterdir()) == []
    return str(raised.value)


def sign_in(folder: Path, key: str, password: str = PASSWORD) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {key: {"auth": auth}}}))


def test_the_chart_layer_is_fetched_and_the_others_are_not(
    registry: Served, packed: bytes, tmp_path: Path
) -> None:
    assert fetched(registry, tmp_path).version == "4.4.0"
    assert (tmp_path / PLACE).read_bytes() == packed
    digest = hashlib.sha256(packed).hexdigest()
    assert registry.paths == [MANIFEST, f"/v2/helm/jupyterhub/blobs/sha256:{digest}"]


def test_what_is_there_is_not_fetched_again(registry: Served, tmp_path: Path) -> None:
    fetched(registry, tmp_path)
    registry.asked.clear()
    fetched(registry, tmp_path)
    assert registry.asked == []


def test_a_version_with_a_plus_has_an_underscore_in_its_tag(tmp_path: Path) -> None:
    with server() as registry:
        as_registry(registry, pack(tmp_path / "p.tgz", version="4.4.0+ours.1").read_bytes(), "4.4.0_ours.1")
        assert fetched(registry, tmp_path, version="4.4.0+ours.1").version == "4.4.0+ours.1"


@pytest.mark.parametrize("place", ["home/.docker", "home/.config/helm/registry", "elsewhere"])
def test_a_basic_login_comes_from_where_docker_and_helm_keep_it(
    registry: Served, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.wants, registry.challenge = BASIC, 'Basic realm="charts"'
    said = refusal(registry, tmp_path)
    assert f"helm registry login {registry.host}" in said
    sign_in(tmp_path / place, registry.host)
    if place == "elsewhere":
        monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / place))
    assert fetched(registry, tmp_path).version == "4.4.0"


def test_a_token_is_fetched_with_the_login_and_used_without_it(registry: Served, tmp_path: Path) -> None:
    registry.wants = "Bearer abc"
    registry.challenge = (
        f'Bearer realm="{registry.url}token",service="charts",scope="repository:helm/jupyterhub:pull"'
    )
    registry.replies["/token"] = Reply(b'{"token": "abc"}')
    sign_in(tmp_path / "home" / ".docker", f"https://{registry.host}/v2/")
    assert fetched(registry, tmp_path).version == "4.4.0"
    asked = [(path, login) for path, login in registry.asked if path.startswith("/token")]
    assert asked == [("/token?service=charts&scope=repository%3Ahelm%2Fjupyterhub%3Apull", BASIC)]
    assert [login for path, login in registry.asked if "/blobs/" in path] == ["Bearer abc"]


def test_a_token_for_everyone_needs_no_login(registry: Served, tmp_path: Path) -> None:
    registry.wants, registry.challenge = "Bearer free", f'Bearer realm="{registry.url}token"'
    registry.replies["/token"] = Reply(b'{"access_token": "free"}')
    assert fetched(registry, tmp_path).version == "4.4.0"


def test_a_login_in_netrc_does_not_take_the_place_of_a_token(registry: Served, tmp_path: Path) -> None:
    netrc = tmp_path / "home" / ".netrc"
    netrc.parent.mkdir()
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    test_a_token_for_everyone_needs_no_login(registry, tmp_path)


def test_a_password_never_goes_to_a_token_service_without_tls(registry: Served, tmp_path: Path) -> None:
    registry.wants, registry.challenge = "Bearer x", 'Bearer realm="http://tokens.example.org/token"'
    sign_in(tmp_path / "home" / ".docker", registry.host)
    assert "sends for a token to tokens.example.org without TLS" in refusal(registry, tmp_path)


def test_a_wrong_login_is_said_and_not_shown(registry: Served, tmp_path: Path) -> None:
    registry.wants, registry.challenge = BASIC, "Basic"
    sign_in(tmp_path / "home" / ".docker", registry.host, password="wrong-but-still-secret")
    said = refusal(registry, tmp_path)
    assert "wants a login, or the one it was given may not read (status 401)" in said
    assert "wrong-but-still-secret" not in said


@pytest.mark.parametrize("challenge", ["", "Negotiate", "Bearer", 'Bearer realm="nowhere"'])
def test_a_challenge_that_nobody_knows_is_a_finding(registry: Served, tmp_path: Path, challenge: str) -> None:
    registry.wants, registry.challenge = "never", challenge
    assert "settings.chart.ref [C1]" in refusal(registry, tmp_path)


def test_a_version_that_is_not_there_is_answered_with_its_neighbours(
    registry: Served, tmp_path: Path
) -> None:
    said = refusal(registry, tmp_path, version="4.4.1")
    assert f"settings.chart.version [C1]: {registry.host} has no helm/jupyterhub 4.4.1." in said
    assert "Nearest: 1.0.0, 4.4.0." in said


def test_a_registry_without_the_chart_says_how_to_push_it(tmp_path: Path) -> None:
    with server() as empty:
        said = refusal(empty, tmp_path)
        assert f"helm push jupyterhub-4.4.0.tgz oci://{empty.host}/helm" in said


def test_an_image_is_no_chart(packed: bytes, tmp_path: Path) -> None:
    with server() as registry:
        as_registry(registry, packed, media="application/vnd.oci.image.layer.v1.tar+gzip")
        assert "is in the registry, and is no Helm chart" in refusal(registry, tmp_path)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"layers": 3}', b'{"layers": [7, {}]}', b"<html>"])
def test_a_manifest_that_is_none_is_refused(registry: Served, tmp_path: Path, body: bytes) -> None:
    registry.replies[MANIFEST] = Reply(body)
    assert "is no Helm chart" in refusal(registry, tmp_path)


def test_a_pinned_digest_that_differs_is_refused_without_fetching_the_chart(
    registry: Served, packed: bytes, tmp_path: Path
) -> None:
    said = refusal(registry, tmp_path, digest="0" * 64)
    assert f"has the digest {hashlib.sha256(packed).hexdigest()}" in said
    assert registry.paths == [MANIFEST]


def test_a_blob_that_is_not_what_the_manifest_says_is_refused(
    registry: Served, packed: bytes, tmp_path: Path
) -> None:
    digest = hashlib.sha256(packed).hexdigest()
    registry.replies[f"/v2/helm/jupyterhub/blobs/sha256:{digest}"] = Reply(packed + b"more")
    assert "gives other bytes" in refusal(registry, tmp_path)


def test_another_chart_under_the_name_is_refused(tmp_path: Path) -> None:
    with server() as registry:
        as_registry(registry, pack(tmp_path / "other.tgz", version="4.3.0").read_bytes())
        assert "is jupyterhub 4.3.0, not jupyterhub 4.4.0" in refusal(registry, tmp_path)


@pytest.mark.parametrize(
    "content", ["", "[]", '{"auths": []}', '{"auths": {"h": {"auth": "%%"}}}', '{"auths": {"h": {}}}']
)
def test_a_file_of_logins_without_the_login_is_none(tmp_path: Path, content: str) -> None:
    place = tmp_path / "home" / ".docker"
    place.mkdir(parents=True)
    (place / "config.json").write_text(content)
    assert logins.basic("h") is None
