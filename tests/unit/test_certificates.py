"""TLS material as PEM: every way to write what can serve comes out in one form."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import get_args

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat

from settings.door import Tls
from tests.unit.certificates import (
    CHAIN,
    HOST,
    Wish,
    alone,
    bundle,
    intermediate,
    make,
    refused,
    root,
    rsa_key,
    served,
    server,
)
from tests.unit.documents import PROJECT, TODAY


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
