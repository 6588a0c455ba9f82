"""Every kind of secret is covered by `ops why` and `ops preview` alike; what only looks near is shown."""

from __future__ import annotations

import pytest

from ops.preview.hiding import HIDDEN, hide, hide_value
from ops.secret_looks import LOOKS, covered
from ops.why.masking import COVER, masked

# Made up, each cut from two so that no scanner of repositories takes it for a real one.
SAMPLES = {
    "a private key": ("-----BEGIN RSA PRIVATE KEY-----\nMIIC/w\n-----END RSA PRIVATE KEY-----", "MIIC/w"),
    "a header": ("Cookie: jupyterhub-session-id=battery; other=staple", "battery"),
    "a bearer's token": ("sent Authorization bearer " + "battery-staple-horse", "battery-staple-horse"),
    "a password in an address": ("at postgresql://hub:battery@db.example:5432/hub", "battery"),
    "a signed token": ("was eyJhbGciOiJSUzI1NiJ9." + "eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl", "eyJzdWIiOiJhZGEifQ"),
    "a token of a service": ("with ghp_" + "batterystaplehorse12345", "batterystaplehorse12345"),
    "a key of an object store": ("key AKIA" + "BATTERYSTAPLE123", "BATTERYSTAPLE123"),
    "a key in hexadecimal digits": ("key " + "0123456789abcdef" * 2, "0123456789abcdef" * 2),
    "a long mixture": ("key " + "aB3" * 14, "aB3" * 14),
}
NAMED = [
    "password=battery",
    'oauth_client_secret: "battery"',
    "JUPYTERHUB_API_TOKEN=battery",
    "{'crypt_keys': 'battery'}",
    "admin-password: battery, and more",
    "AWS_SECRET_ACCESS_KEY=battery",
]
PLAIN = [
    "image registry.example/hub@sha256:" + "0123456789abcdef" * 4,
    "secretName: aiv-corporate-tls",
    "clientSecretName=entra-id-oauth",
    "tokenUrl: https://login.example/token",
    "the volume is full, and no node has room",
    "https://hub.example.org/hub/oauth_callback",
]


def test_every_kind_has_its_sample() -> None:
    assert list(SAMPLES) == [look.kind for look in LOOKS]


@pytest.mark.parametrize("kind", SAMPLES)
def test_both_cover_every_kind(kind: str) -> None:
    text, secret = SAMPLES[kind]
    assert secret in text
    for shown, cover in ((masked(text), COVER), (hide(text, {}), HIDDEN)):
        assert secret not in shown
        assert cover in shown
    assert secret not in str(hide_value("settings.somewhere", {"below": [text]}, {}))


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_is_known_by_its_own_pattern(kind: str) -> None:
    text, secret = SAMPLES[kind]
    (look,) = [one for one in LOOKS if one.kind == kind]
    assert secret not in look.covered(text, COVER)


@pytest.mark.parametrize("text", NAMED)
def test_both_cover_what_stands_behind_a_secrets_name(text: str) -> None:
    assert "battery" not in masked(text)
    assert "battery" not in hide(text, {})


@pytest.mark.parametrize("text", PLAIN)
def test_what_only_names_a_secret_is_shown_in_a_preview(text: str) -> None:
    assert hide(text, {}) == text


@pytest.mark.parametrize("text", [sample for sample, _ in SAMPLES.values()] + NAMED)
def test_to_cover_twice_is_to_cover_once(text: str) -> None:
    assert hide(hide(text, {}), {}) == hide(text, {})
    assert covered(masked(text), COVER) == masked(text)
