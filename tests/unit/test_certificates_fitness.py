"""Whether a certificate can serve: names, purpose, dates, strength."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import SecretStr

from embedded.node.pki import ingress_certificate
from settings.material import from_pem
from tests.unit.certificates import (
    AUTHORITY,
    HOST,
    Wish,
    alone,
    bundle,
    forged_digest,
    intermediate,
    judged,
    make,
    pem_of,
    refused,
    root,
    rsa_key,
    served,
    usage,
    with_chain,
)


@pytest.mark.parametrize(
    ("names", "host"),
    [
        ((HOST,), HOST),
        (("HUB.Example.ORG",), HOST),
        (("*.example.org",), HOST),
        (("other.example.org", HOST), HOST),
        (("xn--bcher-kva.example.org",), "xn--bcher-kva.example.org"),
        (("*.example.org",), "xn--bcher-kva.example.org"),
    ],
)
def test_names_that_cover_the_host(names: tuple[str, ...], host: str) -> None:
    served(*with_chain(alone(Wish(hosts=names))), host)


@pytest.mark.parametrize(
    ("names", "host"),
    [
        (("example.org",), HOST),
        (("*.org",), HOST),
        (("*.hub.example.org",), HOST),
        (("*.example.org",), "a.hub.example.org"),
        (("h*.example.org",), HOST),
        (("*.*.org",), HOST),
        (("*",), HOST),
        (("*.localhost",), "hub.localhost"),
        (("xn--bcher-kva.example.org",), "bcher-kva.example.org"),
        (("192.0.2.7",), "192.0.2.7"),
        (("*.0.2.7",), "192.0.2.7"),
    ],
)
def test_names_that_do_not_cover_the_host(names: tuple[str, ...], host: str) -> None:
    assert refused(*with_chain(alone(Wish(hosts=names))), host) == [
        f"tlsCert: it is not made for {host}: it names {', '.join(names)}."
    ]


def test_an_address_counts_as_an_address() -> None:
    made = alone(Wish(hosts=(), addresses=("192.0.2.7",)))
    served(*with_chain(made), "192.0.2.7")
    assert refused(*with_chain(made), "192.0.2.8")


def test_the_common_name_alone_is_not_enough() -> None:
    made = make(HOST, intermediate(), Wish(hosts=()))
    assert refused(*with_chain(made)) == [
        f"tlsCert: it is not made for {HOST}: it has no alternative names, "
        "and browsers ignore the common name."
    ]


@pytest.mark.parametrize(
    ("wish", "what"),
    [
        (Wish(authority=True), "CN=alone is the certificate of an authority (CA: true)."),
        (Wish(purposes=(ExtendedKeyUsageOID.CLIENT_AUTH,)), "CN=alone is not made for servers"),
        (Wish(usage=usage()), "CN=alone must not sign (key usage without digitalSignature)"),
    ],
)
def test_what_is_not_made_for_a_server_is_refused(wish: Wish, what: str) -> None:
    (only,) = refused(*with_chain(alone(wish)))
    assert only.startswith(f"tlsCert: {what}")


def test_what_is_made_for_a_server_passes() -> None:
    purposes = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)
    served(*with_chain(alone(Wish(purposes=purposes, usage=usage(signs=True)))))


def test_the_certificate_that_a_machine_makes_for_itself_can_serve(tmp_path: Path) -> None:
    made = ingress_certificate(tmp_path, "jupyterhub.localhost")
    texts = [SecretStr(one.read_text()) for one in (made.certificate, made.key)]
    material, found = from_pem(texts[0], texts[1], "jupyterhub.localhost", datetime.now(tz=UTC).date())
    assert found == []
    assert material is not None


@pytest.mark.parametrize(
    ("days", "severity", "what"),
    [
        (-300, "error", "CN=alone ended on 2026-01-25."),
        (0, "error", "CN=alone ended on 2026-11-21."),
        (1, "warning", "CN=alone ends on 2026-11-22, in 1 day."),
        (30, "warning", "CN=alone ends on 2026-12-21, in 30 days."),
        (31, None, None),
    ],
)
def test_what_has_ended_is_refused_and_what_ends_soon_is_warned_of(
    days: int, severity: str | None, what: str | None
) -> None:
    _, found = judged(*with_chain(alone(Wish(days=days))))
    assert [(one.severity, one.what) for one in found] == ([(severity, what)] if what else [])


def test_a_certificate_of_the_future_is_refused() -> None:
    assert refused(*with_chain(alone(Wish(since=-1)))) == [
        "tlsCert: CN=alone is not valid before 2026-11-22."
    ]
    served(*with_chain(alone(Wish(since=0))))


def test_an_intermediate_that_ended_is_refused_and_one_that_ends_is_warned_of() -> None:
    for days, expected in ((-3, ["tlsCert: CN=Old ended on 2026-11-18."]), (10, [])):
        old = make("Old", root(), Wish(hosts=(), authority=True, days=days))
        leaf = make("hub", old)
        _, found = judged(bundle(leaf, old, root()), leaf.key_pem)
        assert len(found) == 1
        assert [f"tlsCert: {one.what}" for one in found if one.severity == "error"] == expected


def test_the_root_may_end_when_it_likes() -> None:
    old = make("Old root", wish=Wish(hosts=(), authority=True, days=-3))
    leaf = make("hub", old)
    served(bundle(leaf, old), leaf.key_pem)


def test_weak_keys_and_digests_are_refused() -> None:
    small = make("small", intermediate(), key=rsa_key(1024))
    assert refused(*with_chain(small)) == [
        "tlsCert: CN=small has an RSA key of 1024 bits; 2048 are the least."
    ]
    signer = make("RSA intermediate", root(), AUTHORITY, key=rsa_key())
    old = make("old", signer)
    assert refused(pem_of(forged_digest(old)) + signer.pem, old.key_pem) == [
        "tlsCert: CN=old is signed with SHA1, which can be forged."
    ]


def test_who_signs_in_a_way_that_browsers_do_not_know_is_refused() -> None:
    signer = make("Modern", root(), AUTHORITY, key=ed25519.Ed25519PrivateKey.generate())
    leaf = make("hub", signer)
    assert refused(bundle(leaf, signer, root()), leaf.key_pem) == [
        "tlsCert: CN=hub is signed in a way that not every browser knows."
    ]


def test_a_weak_intermediate_is_refused() -> None:
    weak = make("Weak", root(), AUTHORITY, key=rsa_key(1024))
    leaf = make("hub", weak)
    assert refused(bundle(leaf, weak), leaf.key_pem) == [
        "tlsCert: CN=Weak has an RSA key of 1024 bits; 2048 are the least."
    ]


@pytest.mark.parametrize("curve", [ec.SECP521R1(), ec.SECP256K1()])
def test_a_curve_that_not_every_browser_knows_is_refused(curve: ec.EllipticCurve) -> None:
    made = make("odd", intermediate(), key=ec.generate_private_key(curve))
    assert refused(*with_chain(made)) == [
        f"tlsCert: CN=odd has a key ({curve.name}) that not every browser knows."
    ]
