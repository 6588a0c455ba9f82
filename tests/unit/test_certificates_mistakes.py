"""Texts that are something else than they should be: each is told by what it is."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import PrivateFormat
from cryptography.x509 import SubjectAlternativeName

from tests.unit.certificates import (
    CHAIN,
    Wish,
    intermediate,
    judged,
    make,
    pem_of,
    pfx,
    refused,
    root,
    server,
)


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
