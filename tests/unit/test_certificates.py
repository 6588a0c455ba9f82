"""TLS material as PEM: what can serve comes out in one form, and what cannot is refused with its reason."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509 import SubjectAlternativeName
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import SecretStr

from embedded.node.pki import ingress_certificate
from settings.door import Tls
from settings.finding import Finding
from settings.material import Material, from_pem
from tests.unit.certificates import (
    AUTHORITY,
    HOST,
    Made,
    Wish,
    bundle,
    forged_digest,
    intermediate,
    make,
    pem_of,
    pfx,
    root,
    rsa_key,
    server,
    usage,
)
from tests.unit.documents import PROJECT, TODAY

CHAIN = bundle(server(), intermediate())


def judged(
    certificate: str, key: str | None = None, host: str = HOST
) -> tuple[Material | None, list[Finding]]:
    return from_pem(SecretStr(certificate), SecretStr(server().key_pem if key is None else key), host, TODAY)


def served(certificate: str, key: str | None = None, host: str = HOST) -> Material:
    material, found = judged(certificate, key, host)
    assert [one.what for one in found] == []
    assert material is not None
    return material


def refused(certificate: str, key: str | None = None, host: str = HOST) -> list[str]:
    material, found = judged(certificate, key, host)
    assert material is None
    assert all(one.follows and one.remedy for one in found)
    return [f"{one.path.removeprefix('jupyterhub:')}: {one.what}" for one in found if one.severity == "error"]


def warned(certificate: str, key: str | None = None, host: str = HOST) -> list[str]:
    material, found = judged(certificate, key, host)
    assert material is not None
    assert {one.severity for one in found} <= {"warning"}
    return [one.what for one in found]


def alone(wish: Wish, key: ec.EllipticCurvePrivateKey | None = None) -> Made:
    return make("alone", intermediate(), wish, key)


def with_chain(made: Made) -> tuple[str, str]:
    return bundle(made, intermediate()), made.key_pem


# The form that is handed on


@pytest.mark.parametrize(
    "text",
    [
        CHAIN,
        bundle(intermediate(), server()),
        bundle(root(), intermediate(), server()),
        bundle(server(), server(), intermediate(), root(), intermediate()),
        CHAIN.replace("\n", "\r\n"),
        "\N{ZERO WIDTH NO-BREAK SPACE}Bag Attributes\n  friendlyName: hub\n" + CHAIN + "\n\nthat is all\n",
        CHAIN.replace("\n", "\\n"),
        CHAIN.replace("\n", " "),
        server().key_pem + CHAIN,
        CHAIN.replace("BEGIN CERTIFICATE", "BEGIN X509 CERTIFICATE").replace(
            "END CERTIFICATE", "END X509 CERTIFICATE"
        ),
    ],
    ids=[
        "in order",
        "reversed",
        "with root",
        "repeated",
        "CRLF",
        "with text around",
        "spelled-out line ends",
        "on one line",
        "with the key",
        "old label",
    ],
)
def test_every_way_to_write_a_chain_comes_out_as_leaf_then_intermediates(text: str) -> None:
    assert served(text).certificate_pem == CHAIN


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_every_form_of_a_key_comes_out_as_pkcs8(kind: str, form: PrivateFormat) -> None:
    made = make("hub", intermediate(), key=rsa_key() if kind == "RSA" else None)
    # What `openssl ecparam -genkey` writes first.
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    text = parameters + made.key_as(form).replace("\n", "\r\n")
    material = served(bundle(made, intermediate()), text)
    assert material.key_pem.get_secret_value() == made.key_as(PrivateFormat.PKCS8)


def test_of_several_keys_the_one_of_the_certificate_is_taken() -> None:
    text = root().key_pem + server().key_pem
    assert served(CHAIN, text).key_pem.get_secret_value() == server().key_pem


def test_material_says_when_it_ends_and_for_whom_it_is() -> None:
    soon = make("Short intermediate", root(), Wish(hosts=(), authority=True, days=60))
    made = make("hub", soon, Wish(hosts=(HOST, "*.example.net"), addresses=("192.0.2.7",)))
    material = served(bundle(made, soon), made.key_pem)
    assert material.names == (HOST, "*.example.net", "192.0.2.7")
    assert material.expires == TODAY + timedelta(days=60)
    assert material.subject == "CN=hub"


def test_material_does_not_show_its_key() -> None:
    material = served(CHAIN)
    body = server().key_pem.splitlines()[1]
    assert body not in repr(material)
    assert body not in str(material)


# The chain


def longer() -> tuple[Made, Made, Made]:
    lower = make("Lower intermediate", intermediate(), AUTHORITY)
    return make("hub", lower), lower, intermediate()


def test_a_missing_intermediate_is_named() -> None:
    leaf, _, upper = longer()
    assert refused(bundle(leaf, upper, root()), leaf.key_pem) == [
        "tlsCert: the certificate of CN=Lower intermediate, which signed CN=hub, is missing; "
        "no part of the chain: CN=Test intermediate; CN=Test root."
    ]


def test_an_intermediate_of_the_same_name_and_another_key_is_refused() -> None:
    twin = make("Test intermediate", root(), AUTHORITY)
    assert refused(bundle(server(), twin, root())) == [
        "tlsCert: CN=Test intermediate is there, but another key of that name signed CN=hub."
    ]


def test_a_leaf_alone_is_warned_of_where_others_connect() -> None:
    assert warned(server().pem) == [
        "the certificate of CN=Test intermediate, which signed CN=hub, is not in it."
    ]
    own = alone(Wish(hosts=("hub.localhost",)))
    assert warned(own.pem, own.key_pem, "hub.localhost") == []


def test_a_foreign_certificate_is_named_and_left_out() -> None:
    stranger = make("stranger", make("Other root", wish=AUTHORITY))
    material, found = judged(bundle(stranger, server(), intermediate()))
    assert [(one.severity, one.what) for one in found] == [
        ("warning", "CN=stranger does not belong to the chain.")
    ]
    assert material is not None
    assert material.certificate_pem == CHAIN


def test_a_foreign_authority_is_a_warning_where_the_chain_is_proven() -> None:
    other = make("Other root", wish=AUTHORITY)
    assert warned(bundle(server(), other, intermediate(), root())) == [
        "CN=Other root does not belong to the chain."
    ]


def test_a_renewed_certificate_of_the_same_key_wins_over_the_old_one() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    old, new = alone(Wish(days=5), key), alone(Wish(days=80), key)
    material, found = judged(bundle(old, new, intermediate()), old.key_pem)
    assert [one.what for one in found] == []
    assert material is not None
    assert material.certificate_pem == bundle(new, intermediate())


def test_a_cross_signed_intermediate_is_sent_and_its_root_is_not() -> None:
    older = make("Older root", wish=AUTHORITY)
    cross = make("Test root", older, AUTHORITY, key=root().key)
    assert served(bundle(root(), cross, server(), intermediate())).certificate_pem == bundle(
        server(), intermediate(), cross
    )


def test_who_signs_without_being_an_authority_is_refused() -> None:
    for wish in (Wish(hosts=()), Wish(hosts=(), authority=True, usage=usage(signs=True))):
        signer = make("No authority", root(), wish)
        leaf = make("hub", signer)
        assert refused(bundle(leaf, signer, root()), leaf.key_pem) == [
            "tlsCert: CN=No authority is not allowed to sign certificates."
        ]


def test_a_chain_longer_than_its_authority_allows_is_refused() -> None:
    upper = make("Upper", root(), Wish(hosts=(), authority=True, path_length=0))
    lower = make("Lower", upper, AUTHORITY)
    leaf = make("hub", lower)
    assert refused(bundle(leaf, lower, upper, root()), leaf.key_pem) == [
        "tlsCert: CN=Upper allows 0 authorities below it, and there are 1."
    ]


def test_an_authority_may_allow_exactly_what_is_below_it() -> None:
    upper = make("Upper", root(), Wish(hosts=(), authority=True, path_length=1))
    lower = make("Lower", upper, Wish(hosts=(), authority=True, path_length=0))
    leaf = make("hub", lower)
    served(bundle(leaf, lower, upper, root()), leaf.key_pem)


def test_a_self_signed_certificate_is_for_the_own_machine_alone() -> None:
    for host, severity in (("hub.test", "warning"), ("hub.localhost", "warning"), (HOST, "error")):
        made = make("hub", wish=Wish(hosts=(host,)))
        _, found = judged(made.pem, made.key_pem, host)
        assert [(one.what, one.severity) for one in found] == [("CN=hub signed itself.", severity)]


# What the leaf is for


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


# Dates


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


# Strength


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


# The key, and texts that are something else


def test_a_key_of_another_certificate_is_refused() -> None:
    assert refused(CHAIN, root().key_pem) == ["tlsKey: the key belongs to another certificate than CN=hub."]


def test_swapped_texts_are_recognised() -> None:
    assert refused(server().key_pem, CHAIN) == ["tlsCert: certificate and key are swapped."]


def in_base64(data: bytes) -> str:
    return base64.encodebytes(data).decode()


OTHER_THAN_A_CERTIFICATE = {
    "empty": ("  \n", "it is empty."),
    "a word": ("no certificate", "it is no PEM certificate."),
    "cut": (CHAIN[:-40], "the END line of a block is missing: it was not pasted whole."),
    "base64 of PEM": (
        in_base64(CHAIN.encode()),
        "it is PEM in base64 once more, as Kubernetes shows Secrets.",
    ),
    "base64 of DER": (in_base64(server().der), "it is DER in base64, without BEGIN and END lines."),
    "base64 of PFX": (pfx(server(), []), "it is a PFX (PKCS#12)."),
    "binary": (server().der.decode(errors="replace"), "it is binary (DER, PFX, or text in UTF-16)."),
    "UTF-16": (CHAIN.encode("utf-16").decode("latin-1"), "it is binary (DER, PFX, or text in UTF-16)."),
    "key": (server().key_pem, "it is a private key and no certificate."),
    "request": (pem_of(b"0" * 60, "CERTIFICATE REQUEST"), "it is a certificate request."),
    "p7b": (pem_of(b"0" * 60, "PKCS7"), "it is a PKCS#7 bundle (.p7b)."),
    "trusted": (
        CHAIN.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"),
        "it is in OpenSSL's own form (TRUSTED CERTIFICATE).",
    ),
    "damaged": (
        server().pem + pem_of(intermediate().der[:-9]),
        "certificate 2 of 2 is damaged, or of a kind that nothing here can read.",
    ),
    "no base64": (
        server().pem.replace("MII", "M!I"),
        "certificate 1 of 1 is damaged, or of a kind that nothing here can read.",
    ),
}


def test_a_certificate_that_no_reader_understands_is_damaged() -> None:
    # A name of a kind (x400Address) that no library reads.
    odd = x509.UnrecognizedExtension(SubjectAlternativeName.oid, bytes.fromhex("3002a300"))
    made = make("odd", intermediate(), Wish(hosts=(), further=(odd,)))
    assert refused(made.pem, made.key_pem) == [
        "tlsCert: certificate 1 of 1 is damaged, or of a kind that nothing here can read."
    ]


def test_an_odd_serial_number_is_no_word_in_the_log(recwarn: pytest.WarningsRecorder) -> None:
    # Negative, as some appliances count: the library reads it, with a warning of its own.
    before = server().der
    start = before.index(server().certificate.serial_number.to_bytes(20, "big").lstrip(b"\0"))
    judged(pem_of(before[:start] + bytes([before[start] | 0x80]) + before[start + 1 :]))
    assert [str(one.message) for one in recwarn] == []


@pytest.mark.parametrize("case", OTHER_THAN_A_CERTIFICATE)
def test_what_is_no_certificate_is_told_by_what_it_is(case: str) -> None:
    text, what = OTHER_THAN_A_CERTIFICATE[case]
    assert refused(text) == [f"tlsCert: {what}"]


ENCRYPTED = "it is encrypted, and no passphrase can be given with it."
OTHER_THAN_A_KEY = {
    "empty": ("", "it is empty."),
    "a word": ("no key", "it is no PEM key without a passphrase."),
    "encrypted": (server().key_as(PrivateFormat.PKCS8, b"a passphrase"), ENCRYPTED),
    "encrypted, old": (server().key_as(PrivateFormat.TraditionalOpenSSL, b"a passphrase"), ENCRYPTED),
    "OpenSSH": (server().key_as(PrivateFormat.OpenSSH), "it is in OpenSSH's own form."),
    "public": (pem_of(b"0" * 60, "PUBLIC KEY"), "it is a public key."),
    "certificate": (CHAIN, "it is a certificate and no private key."),
    "base64 of PEM": (
        in_base64(server().key_pem.encode()),
        "it is PEM in base64 once more, as Kubernetes shows Secrets.",
    ),
    "base64 of DER": (
        "".join(server().key_pem.splitlines()[1:-1]),
        "it is DER in base64, without BEGIN and END lines.",
    ),
    "cut": (server().key_pem[:-40], "the END line of a block is missing: it was not pasted whole."),
    "damaged": (
        pem_of(b"0" * 60, "PRIVATE KEY"),
        "the key is damaged, or of a kind that nothing here can read.",
    ),
}


@pytest.mark.parametrize("case", OTHER_THAN_A_KEY)
def test_what_is_no_key_is_told_by_what_it_is(case: str) -> None:
    text, what = OTHER_THAN_A_KEY[case]
    assert refused(CHAIN, text) == [f"tlsKey: {what}"]


def test_the_command_that_takes_a_passphrase_off_is_told() -> None:
    _, found = judged(CHAIN, server().key_as(PrivateFormat.PKCS8, b"a passphrase"))
    assert "openssl pkey -in tls.key -out plain.key" in found[0].remedy


def test_the_page_names_every_source_and_every_end() -> None:
    page = (PROJECT / "docs" / "tls.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    kinds = get_args(get_args(Tls)[0])
    choices = [
        get_args(kind.model_fields[name].annotation) for kind in kinds for name in ("source", "termination")
    ]
    assert listed == {word for words in choices for word in words}


def test_all_faults_are_told_at_once() -> None:
    made = alone(Wish(hosts=("other.example.org",), days=0))
    assert len(refused(bundle(made, intermediate()), root().key_pem)) == 3
