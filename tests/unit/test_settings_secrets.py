"""The secrets that people bring: all that is missing or unfit is said at once, and none is repeated."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from settings.credentials import check, needed
from tests.unit.certificates import pair
from tests.unit.documents import TODAY, Document, settings

HOST = "jupyterhub.localhost"
FROM_CONFIG: Document = {"secrets": {"source": "config"}, "auth": {"administrators": ["eve"]}}
LONG = "a long password for those who administer"


def found(given: dict[str, str], patch: Document | None = None) -> list[str]:
    secret = {key: SecretStr(value) for key, value in given.items()}
    return [f"{one.path} {one.what}" for one in check(secret, settings(patch), TODAY)]


def tls(*hosts: str, days: int = 90) -> dict[str, str]:
    certificate, key = pair(*hosts, days=days)
    return {"tlsCert": certificate, "tlsKey": key}


def test_a_good_certificate_passes() -> None:
    assert found(tls(HOST)) == []
    assert found(tls("*.localhost")) == []


def test_what_is_missing_comes_with_its_command() -> None:
    missing = check({}, settings(FROM_CONFIG), TODAY)
    assert [one.path for one in missing] == [
        "jupyterhub:tlsCert",
        "jupyterhub:tlsKey",
        "jupyterhub:sharedPassword",
        "jupyterhub:adminPassword",
    ]
    assert all(one.remedy.startswith("pulumi config set --secret jupyterhub:") for one in missing)


def test_nothing_is_asked_for_that_is_not_used() -> None:
    plain: Document = {"tls": {"source": "none", "termination": None}, "ingress": {"port": 80}}
    assert needed(settings(plain)) == ()


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (tls("other.localhost"), "jupyterhub:tlsCert it is not made for jupyterhub.localhost."),
        (tls("*.jupyterhub.localhost"), "jupyterhub:tlsCert it is not made for jupyterhub.localhost."),
        (tls(), "jupyterhub:tlsCert it is not made for jupyterhub.localhost."),
        (tls(HOST, days=0), "jupyterhub:tlsCert it ended on 2026-11-21."),
        ({**tls(HOST), "tlsKey": tls("other.test")["tlsKey"]}, "jupyterhub:tlsKey it belongs to another"),
        ({**tls(HOST), "tlsCert": "no certificate"}, "jupyterhub:tlsCert it is no PEM certificate."),
        ({**tls(HOST), "tlsKey": "no key"}, "jupyterhub:tlsKey it is no PEM key"),
    ],
)
def test_a_certificate_that_cannot_serve_is_refused(given: dict[str, str], expected: str) -> None:
    (only,) = found(given)
    assert only.startswith(expected)


def test_short_and_equal_passwords_are_refused() -> None:
    good = {**tls(HOST), "sharedPassword": "password", "adminPassword": LONG}
    assert found(good, FROM_CONFIG) == []
    assert found({**good, "sharedPassword": "short"}, FROM_CONFIG) == [
        "jupyterhub:sharedPassword it is shorter than 8 characters."
    ]
    assert found({**good, "adminPassword": "password of twenty-something"}, FROM_CONFIG) == [
        "jupyterhub:adminPassword it is shorter than 32 characters."
    ]
    assert found({**good, "sharedPassword": LONG}, FROM_CONFIG) == [
        "jupyterhub:adminPassword it is the shared password."
    ]


def test_no_finding_repeats_a_secret() -> None:
    given = {"tlsCert": "visible-1", "tlsKey": "visible-2", "sharedPassword": "seen", "adminPassword": "seen"}
    secret = {key: SecretStr(value) for key, value in given.items()}
    text = "\n".join(str(one) for one in check(secret, settings(FROM_CONFIG), TODAY))
    assert text.count("What to do") == 4
    assert not [value for value in given.values() if value in text]
