"""The company's authorities: what may stand in the document, who is told of them, and no key repeated."""

from __future__ import annotations

from typing import Any

import pytest

from chart.authorities import VARIABLES
from chart.values import build
from settings.document import inspect
from settings.finding import Finding
from tests.unit.bad_inputs import already
from tests.unit.certificates import AUTHORITY, Wish, make
from tests.unit.documents import PROJECT, TODAY, committed, patched, settings_of

ROOT = make("root", wish=AUTHORITY)
SERVER = make("server", ROOT, Wish(hosts=("git.example.org",)))


def found(certificates: str) -> list[Finding]:
    document = patched(committed("aiv-prod"), {"cluster": {"caBundle": {"certificates": certificates}}})
    return [one for one in inspect(document, TODAY)[1] if one not in already("aiv-prod")]


def days(count: int) -> str:
    return make("root of its own time", wish=Wish(hosts=(), authority=True, days=count)).pem


@pytest.mark.parametrize(
    "certificates",
    [
        ROOT.pem,
        # As Windows writes it, and as bundles have it: with words around.
        f"The company's root\r\n{ROOT.pem}".replace("\n", "\r\n"),
        SERVER.pem + ROOT.pem,
        # An appliance that signed for itself is trusted by its certificate alone.
        make("appliance").pem,
        days(31),
    ],
)
def test_a_bundle_that_serves_is_taken(certificates: str) -> None:
    assert found(certificates) == []


@pytest.mark.parametrize(
    ("certificates", "told"),
    [
        ("", "it is no PEM text"),
        (ROOT.pem[:-30], "it is no PEM text"),
        (ROOT.pem + ROOT.pem[:200], "it is no PEM text"),
        (ROOT.pem.replace("CERTIFICATE", "CERTIFICATE REQUEST"), "block 1 of 1 is no certificate"),
        (ROOT.pem + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate 2 of 2"),
        (SERVER.pem, "CN=server is a server's certificate"),
        (days(0), "CN=root of its own time ended on 2026-11-21"),
    ],
)
def test_a_bundle_that_would_serve_nobody_is_refused(certificates: str, told: str) -> None:
    (only,) = found(certificates)
    assert only.severity == "error"
    assert only.what.startswith(told), only.what


def test_an_authority_that_ends_soon_is_a_warning() -> None:
    (only,) = found(ROOT.pem + days(30))
    assert (only.severity, only.what) == ("warning", "CN=root of its own time ends on 2026-12-21.")


@pytest.mark.parametrize(
    "key",
    [
        ROOT.key_pem,
        ROOT.key_pem.replace("PRIVATE KEY", "RSA PRIVATE KEY"),
        ROOT.key_pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY"),
        ROOT.key_pem.replace("PRIVATE KEY", "OPENSSH PRIVATE KEY"),
        # Its end was not pasted: no block, and a key all the same.
        ROOT.key_pem.rsplit("-----END", 1)[0],
    ],
)
def test_a_private_key_is_refused_and_not_repeated(key: str) -> None:
    for certificates in (ROOT.pem + key, key + ROOT.pem, key):
        (only,) = found(certificates)
        assert (only.rule, only.severity) == ("D15", "error")
        assert not [line for line in key.splitlines() if "-----" not in line and line in str(only)]


def environment(part: str, patch: dict[str, Any] | None = None) -> dict[str, Any]:
    variables: dict[str, Any] = build(settings_of("aiv-prod", patch))[part]["extraEnv"]
    return variables


@pytest.mark.parametrize("part", ["hub", "singleuser"])
def test_every_client_is_told_where_the_bundle_lies(part: str) -> None:
    told = environment(part, {"cluster": {"caBundle": {"key": "company.pem"}}})
    assert {told[name] for name in VARIABLES} == {"/etc/certificate-authorities/company.pem"}


def test_the_page_tells_of_every_variable() -> None:
    page = (PROJECT / "docs" / "authorities.md").read_text().splitlines()
    assert {line.split("`")[1] for line in page if line.startswith("| `")} == set(VARIABLES)
