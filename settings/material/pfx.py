"""Certificates and key out of a PFX (PKCS#12) file, which arrives as base64."""

from __future__ import annotations

import warnings

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from pydantic import SecretStr

from settings.finding import Finding
from settings.material import text
from settings.material.certificate import (
    Certificate,
    PrivateKey,
    Unreadable,
    private_key,
    read_certificate,
)
from settings.material.mistake import damaged, mistaken

FILE = "jupyterhub:tlsPfx"
PASSWORD = "jupyterhub:tlsPfxPassword"  # noqa: S105 -- the name of a key

# Object identifiers in DER, as they stand in the clear in the file.
_RC2_40 = bytes.fromhex("2a864886f70d010c0106")
_KEY_BAGS = (bytes.fromhex("2a864886f70d010c0a0101"), bytes.fromhex("2a864886f70d010c0a0102"))
_CONVERT = (
    "openssl pkcs12 -legacy -in tls.pfx -nodes -out all.pem"
    " && openssl pkcs12 -export -in all.pem -out new.pfx"
)

Contents = tuple[list[Certificate], PrivateKey | None]


def contents(file: SecretStr, password: SecretStr) -> tuple[Contents, list[Finding]]:
    """Open the file; give certificates in any order and the key, or what is wrong."""
    encoded = file.get_secret_value()
    data = text.unbase64(text.without_edges(encoded))
    if data is None or not text.is_pfx(data):
        return ([], None), [mistaken("file", text.kind(encoded), FILE)]
    if sum(data.count(bag) for bag in _KEY_BAGS) > 1:
        return ([], None), [_several_keys()]
    opened = _open(data, password.get_secret_value())
    if opened is None:
        return ([], None), [_closed(legacy=_RC2_40 in data)]
    return _judge(opened)


def _open(data: bytes, password: str) -> pkcs12.PKCS12KeyAndCertificates | None:
    try:
        with warnings.catch_warnings():
            # BER instead of DER, as Java and some appliances write: readable, and not the reader's to mend.
            warnings.simplefilter("ignore")
            return pkcs12.load_pkcs12(data, password.encode())
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None


def _judge(opened: pkcs12.PKCS12KeyAndCertificates) -> tuple[Contents, list[Finding]]:
    parts = ([opened.cert] if opened.cert else []) + opened.additional_certs
    try:
        bundle = [read_certificate(part.certificate.public_bytes(Encoding.DER)) for part in parts]
        key = private_key(opened.key) if opened.key else None
    except Unreadable:
        return ([], None), [damaged("what the file holds", FILE)]
    found = []
    if key is None:
        found.append(_without("private key", "Export it again, with the private key."))
    if not bundle:
        found.append(_without("certificate", "Export it again, with the whole chain."))
    return (bundle, key), found


def _closed(*, legacy: bool) -> Finding:
    """Tell a file that does not open. A wrong password and an unknown cipher look the same from outside."""
    also = " (or this machine does not know its old cipher, RC2)" if legacy else ""
    return Finding(
        path=PASSWORD,
        rule="tls-form",
        what=f"it does not open the PFX{also}.",
        follows="The ingress cannot serve TLS.",
        remedy="Set the right one: pulumi config set --secret jupyterhub:tlsPfxPassword"
        + (f". Or convert the file: {_CONVERT}" if legacy else ""),
    )


def _without(what: str, remedy: str) -> Finding:
    return Finding(
        path=FILE,
        rule="tls-form",
        what=f"there is no {what} in it.",
        follows="The ingress cannot serve TLS.",
        remedy=remedy,
    )


def _several_keys() -> Finding:
    return Finding(
        path=FILE,
        rule="tls-form",
        what="there are several private keys in it.",
        follows="Which certificate is meant would be a guess.",
        remedy="Export one certificate with its key and chain.",
    )
