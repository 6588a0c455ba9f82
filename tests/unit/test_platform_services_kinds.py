"""One entry of the catalogue gives everything, for every kind: variables, way, page, client, example."""

from __future__ import annotations

import ast
import json
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
from platform_services import connect, describe, doors
from platform_services.catalogue import Service as Offered
from platform_services.clients import CLIENTS

from chart.network import service_policies
from chart.platform import catalogue_files
from chart.services import TABLE
from chart.values import build
from settings.services import Kind
from tests.unit.documents import PROJECT, settings_of

KINDS = get_args(Kind)
EXAMPLES = PROJECT / "images" / "notebook" / "examples" / "services"
ADDRESSES = {
    "postgresql": "postgresql://svc.example:5432",
    "ray": "ray://svc.example:10001",
    "kafka": "kafka://svc.example:9092",
}
SECRET = "sesame-open-sesame"


class Told(types.ModuleType):
    """A library that notes how it was called."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *args, **more: {"called": f"{self.__name__}.{name}", "args": args, **more}


LIBRARIES = (
    "boto3", "botocore", "botocore.config", "confluent_kafka", "confluent_kafka.admin", "datahub",
    "datahub.ingestion", "datahub.ingestion.graph", "datahub.ingestion.graph.client", "gitlab", "mlflow",
    "psycopg", "ray", "s3fs", "trino",
)  # fmt: skip


@pytest.fixture
def libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, Told(name))
    sys.modules["trino"].__dict__["dbapi"] = Told("trino.dbapi")
    sys.modules["trino"].__dict__["auth"] = Told("trino.auth")
    monkeypatch.delitem(sys.modules, "platform_services.streams", raising=False)
    monkeypatch.setattr(doors, "knock", lambda _service, _timeout: None)


def entry(kind: str) -> dict[str, Any]:
    url = ADDRESSES.get(kind, "https://svc.example:8443")
    return {
        "kind": kind,
        "url": url,
        "description": "What it is for.",
        "docs": "https://wiki.example/it",
        "credentials": "its-login",
        "reach": {"namespace": "its-namespace", "ports": [8443]},
    }


def offer(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Give this test the files that a server of the hub gets, and its variables."""
    files = catalogue_files(settings_of("carbon254", {"services": {"catalogue": [entry(kind)]}}))
    (folder / "catalogue.json").write_text(files["catalogue.json"])
    monkeypatch.setenv("PLATFORM_SERVICES", str(folder / "catalogue.json"))
    (told,) = json.loads(files["catalogue.json"])["services"]
    for name, value in told["variables"].items():
        monkeypatch.setenv(name, value)
    return dict(told)


def test_every_kind_has_variables_a_client_and_an_example() -> None:
    assert set(KINDS) == set(TABLE) == set(CLIENTS)
    assert {path.stem for path in EXAMPLES.glob("*.ipynb")} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_one_entry_gives_a_notebook_all_that_it_needs(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of("carbon254", {"services": {"catalogue": [entry(kind)]}})
    told = offer(kind, tmp_path, monkeypatch)
    assert (told["name"], told["url"], told["credentials"]) == (kind, entry(kind)["url"], "its-login")
    assert all(
        "svc.example" in value or value in {"8443", "5432", "https"} for value in told["variables"].values()
    )
    page = catalogue_files(settings)["README.md"]
    assert f"| {kind} | {told['url']} |" in page
    assert "[https://wiki.example/it](https://wiki.example/it)" in page
    (policy,) = service_policies(settings).values()
    assert "its-namespace" in str(policy["egress"])
    assert f"platform.service/{kind}" in policy["podSelector"]["matchLabels"]
    assert "its-namespace" not in str(build(settings)), "of those alone to whom it was granted"
    said = describe(kind)
    assert told["url"] in said
    assert CLIENTS[kind].gives in said
    assert all(name in said for name in told["variables"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("libraries")
def test_a_client_of_every_kind_goes_to_the_address_of_its_entry(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(kind, tmp_path, monkeypatch)
    for variable in CLIENTS[kind].credentials:
        monkeypatch.setenv(variable, SECRET)
    client = connect(kind)
    known = client if isinstance(client, Mapping) else {**vars(client), "repr": repr(client)}
    if kind == "mlflow":  # its module is set, not made
        assert client is sys.modules["mlflow"]
        return
    assert "svc.example" in str(known)
    assert SECRET not in str(known.get("repr", ""))
    assert SECRET not in describe(kind)


@pytest.mark.usefixtures("libraries")
def test_a_password_for_trino_goes_over_tls_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer("trino", tmp_path, monkeypatch)
    monkeypatch.setenv("TRINO_PASSWORD", SECRET)
    assert connect("trino")["auth"]["args"] == ("jovyan", SECRET)
    plain = Offered("trino", "trino", "http://svc.example:8080")
    assert "auth" not in CLIENTS["trino"].open(plain, {})


def test_a_token_goes_to_its_own_service_and_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    import requests
    from platform_services.rest import Rest

    sent: list[tuple[str, object]] = []

    def note(
        _self: object,
        _method: str,
        url: str,
        *_args: object,
        headers: dict[str, str] | None = None,
        **_more: object,
    ) -> requests.Response:
        sent.append((url, (headers or {}).get("Authorization")))
        return requests.Response()

    monkeypatch.setattr(requests.Session, "request", note)
    session = Rest("https://svc.example/artifactory", SECRET)
    for place in (
        "api/x",
        "/api/x",
        "https://svc.example/y",
        "https://other.example/y",
        "http://svc.example/y",
    ):
        session.get(place)
    mine = f"Bearer {SECRET}"
    assert sent == [
        ("https://svc.example/artifactory/api/x", mine),
        ("https://svc.example/artifactory/api/x", mine),
        ("https://svc.example/y", mine),
        ("https://other.example/y", None),
        ("http://svc.example/y", None),
    ]
    assert SECRET not in repr(session)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_is_python_that_asks_for_its_own_service_and_holds_no_output(kind: str) -> None:
    document = json.loads((EXAMPLES / f"{kind}.ipynb").read_text())
    cells = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    source = "\n".join("".join(cell["source"]) for cell in cells)
    ast.parse(source)
    assert f'services.connect("{kind}"' in source
    assert "except services.PlatformServiceError as error:" in source
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


@pytest.mark.parametrize("kind", KINDS)
def test_an_example_runs_to_its_end_where_nothing_was_granted(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    offer(kind, tmp_path, monkeypatch)
    monkeypatch.setenv("PLATFORM_SERVICES_GRANTED", "")
    document = json.loads((EXAMPLES / f"{kind}.ipynb").read_text())
    told: dict[str, Any] = {}
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), told)  # noqa: S102 (our own notebook)
    assert "you were not granted it" in capsys.readouterr().out
