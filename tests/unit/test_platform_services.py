"""The notebooks' client: which services there are, who may have them, and what goes wrong in plain words."""

from __future__ import annotations

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import platform_services as client
import pytest
from platform_services import doors
from platform_services.command import main
from platform_services.errors import without_secrets

SECRET = "sesame-open-sesame"
Offered = Callable[..., None]


def entry(kind: str, url: str, name: str | None = None, **more: object) -> dict[str, object]:
    return {"name": name or kind, "kind": kind, "url": url, "description": f"The {kind}.", **more}


ENTRIES = (
    entry("trino", "http://trino.trino:8080", groups=["analysts", "admins"]),
    entry("postgresql", "postgresql://db.example:5432"),
    entry("kafka", "kafka://kafka.kafka:9092"),
    entry("minio", "http://minio.minio:9000"),
)


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offered:
    """Give this server a catalogue, as the hub does."""

    def offer(*entries: dict[str, object], granted: str | None = None, **head: object) -> None:
        file = tmp_path / "catalogue.json"
        file.write_text(json.dumps({"version": 1, **head, "services": entries or ENTRIES}))
        monkeypatch.setenv("PLATFORM_SERVICES", str(file))
        if granted is not None:
            monkeypatch.setenv("PLATFORM_SERVICES_GRANTED", granted)

    for variable in ("PLATFORM_SERVICES", "PLATFORM_SERVICES_GRANTED", "PGPASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(doors, "knock", lambda _service, _timeout=1.0: None)
    return offer


def test_without_a_word_of_grants_all_of_the_catalogue_is_granted(offered: Offered) -> None:
    offered()
    assert [service.name for service in client.available()] == ["trino", "postgresql", "kafka", "minio"]


def test_only_what_is_granted_is_available(offered: Offered) -> None:
    offered(granted="kafka, minio")
    assert [service.name for service in client.available()] == ["kafka", "minio"]
    offered(granted="")
    assert client.available() == ()


def test_a_service_that_is_not_granted_says_whom_to_ask_and_what_there_is(offered: Offered) -> None:
    offered(granted="kafka,minio", contact="platform@example.org")
    with pytest.raises(client.NotGranted) as refusal:
        client.connect("trino")
    said = str(refusal.value)
    assert "Ask platform@example.org for membership of analysts or admins" in said
    assert "You have: kafka, minio." in said
    offered(granted="")
    with pytest.raises(client.NotGranted, match="Ask whoever runs the hub for it"):
        client.connect("kafka")


@pytest.mark.parametrize(
    ("name", "near"), [("trinno", "trino"), ("Kafak", "kafka"), ("postgres", "postgresql")]
)
def test_an_unknown_name_is_answered_with_the_nearest(offered: Offered, name: str, near: str) -> None:
    offered()
    with pytest.raises(client.UnknownService, match=f"Did you mean {near}\\?"):
        client.connect(name)


def test_a_name_like_no_other_gets_the_list(offered: Offered) -> None:
    offered()
    with pytest.raises(client.UnknownService, match="There are: trino, postgresql, kafka, minio") as error:
        client.connect("zzz")
    assert "Did you mean" not in str(error.value)


def test_a_kind_names_its_service_only_where_there_is_one(offered: Offered) -> None:
    offered(entry("trino", "http://a:1", "reports"), entry("minio", "http://b:1", "lake"))
    assert "http://b:1" in client.describe("MINIO")
    offered(entry("trino", "http://a:1", "reports"), entry("trino", "http://b:1", "lake"))
    with pytest.raises(client.UnknownService, match="Say which: reports, lake"):
        client.describe("trino")


def test_a_server_without_a_catalogue_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PLATFORM_SERVICES", raising=False)
    assert client.reachable() == []
    with pytest.raises(client.NoCatalogue, match="PLATFORM_SERVICES is not set"):
        client.available()
    for text in ("", "[]", '{"version": 2, "services": []}', '{"version": 1, "services": [{}]}'):
        (tmp_path / "catalogue.json").write_text(text)
        monkeypatch.setenv("PLATFORM_SERVICES", str(tmp_path / "catalogue.json"))
        with pytest.raises(client.NoCatalogue, match="cannot be read"):
            client.available()


def test_a_missing_library_says_what_to_install(offered: Offered, monkeypatch: pytest.MonkeyPatch) -> None:
    offered()
    monkeypatch.setitem(sys.modules, "trino", None)
    with pytest.raises(client.MissingLibrary, match="pip install --user trino"):
        client.connect("trino")


def psycopg(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    driver = types.ModuleType("psycopg")
    driver.__dict__["connect"] = answer
    monkeypatch.setitem(sys.modules, "psycopg", driver)


def test_refused_credentials_are_told_from_a_service_that_is_down(
    offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered()

    def refuse(**given: object) -> None:
        raise RuntimeError(f'password authentication failed for user "ada" with {given["password"]}')

    psycopg(monkeypatch, refuse)
    monkeypatch.setenv("PGPASSWORD", SECRET)
    with pytest.raises(client.CredentialsRefused) as refusal:
        client.connect("postgresql")
    assert refusal.value.reason == "credentials"
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


@pytest.mark.parametrize("way", ["environment", "option"])
def test_no_secret_is_in_an_error_or_a_description(
    offered: Offered, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    offered()
    psycopg(monkeypatch, lambda **given: (_ for _ in ()).throw(RuntimeError(f"lost: {given}")))
    options: dict[str, Any] = {}
    if way == "environment":
        monkeypatch.setenv("PGPASSWORD", SECRET)
    else:
        options = {"password": SECRET}
    with pytest.raises(client.NotReachable) as error:
        client.connect("postgresql", **options)
    assert "lost" in str(error.value)
    assert SECRET not in f"{error.value}{error.value!r}{vars(error.value)}{client.describe('postgresql')}"


def test_the_longer_of_two_secrets_leaves_nothing_behind() -> None:
    assert without_secrets("ab abcd", ["ab", "abcd", ""]) == "*** ***"


def test_what_the_caller_gives_wins_over_the_environment(
    offered: Offered, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered(entry("postgresql", "postgresql://db.example:5433", "lake"))
    psycopg(monkeypatch, lambda **given: given)
    monkeypatch.setenv("PGUSER", "common")
    monkeypatch.setenv("PGUSER_LAKE", "own")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    given = client.connect("lake", dbname="tables")
    assert (given["host"], given["port"], given["user"]) == ("db.example", 5433, "own")
    assert (given["password"], given["dbname"]) == (SECRET, "tables")
    assert client.connect("lake", user="ada")["user"] == "ada"


def test_the_list_shows_what_there_is_and_what_one_has_not(
    offered: Offered, capsys: pytest.CaptureFixture[str]
) -> None:
    offered(granted="kafka")
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["service", "address", "what", "it", "is"]
    assert next(line for line in lines if "not granted" in line).startswith("trino")
    assert main(["list", "--json"]) == 0
    assert [one["granted"] for one in json.loads(capsys.readouterr().out)] == [False, False, True, False]


def test_a_check_ends_with_1_when_a_granted_service_is_down(
    offered: Offered, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def down(service: client.Service, _timeout: float) -> None:
        if service.name == "kafka":
            raise client.NotReachable("kafka", "kafka.kafka:9092", "refused", "the connection is refused.")

    offered(granted="minio")
    monkeypatch.setattr(doors, "knock", down)
    assert main(["check"]) == 0, "what is not granted counts for nothing"
    capsys.readouterr()
    offered(granted="minio,kafka")
    assert main(["check", "--json"]) == 1
    states = {one["name"]: one["why"] for one in json.loads(capsys.readouterr().out)}
    assert states["kafka"] == "the connection is refused."
    assert main(["check", "minio"]) == 0
    assert main(["check", "trino"]) == 1, "asked for by name"
    assert main(["check", "zzz"]) == 2
    assert "What to do:" in capsys.readouterr().err
