"""One certificate and one private key, read once into the facts by which they are judged.

Parsing is lazy in `cryptography`: an odd extension raises only where it is looked at. Here all of it is
looked at, so that nothing raises later.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from pydantic import SecretStr

WEAK_DIGESTS = ("md5", "sha1")

_DER = serialization.Encoding.DER
_PEM = serialization.Encoding.PEM
_SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
_ODD = (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
_ODD_NAMES = (*_ODD, x509.UnsupportedGeneralNameType)

Kind = TypeVar("Kind", bound=x509.ExtensionType)


class Unreadable(Exception):
    """These bytes are no certificate, or no key, that anything could use."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """What a certificate says."""

    raw: x509.Certificate = field(repr=False)
    subject: str
    issuer: str
    public: bytes = field(repr=False)
    """The public key, in the one encoding that can be compared."""
    key: str
    """What kind of key it is: `RSA 2048`, `secp256r1`."""
    digest: str
    hosts: tuple[str, ...]
    addresses: tuple[str, ...]
    authority: bool
    path_length: int | None
    """So many certificates of authorities may lie between this one and the leaf; any number when None."""
    may_issue: bool
    may_serve: bool
    may_shake_hands: bool
    starts: date
    ends: date

    @property
    def pem(self) -> str:
        """The certificate as every server reads it."""
        return self.raw.public_bytes(_PEM).decode()

    @property
    def self_issued(self) -> bool:
        """Whether it names itself as its issuer."""
        return self.raw.issuer == self.raw.subject

    def names(self, other: Certificate) -> bool:
        """Whether the other has the name of this one's issuer."""
        return self.raw.issuer == other.raw.subject

    def issued_by(self, other: Certificate) -> bool:
        """Whether the other's key signed this one."""
        if self.digest in WEAK_DIGESTS:
            # Refused anyway, and the library does not verify it everywhere: the name has to do.
            return self.names(other)
        try:
            self.raw.verify_directly_issued_by(other.raw)
        except (*_ODD, InvalidSignature):
            return False
        return True


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """A private key that opened."""

    public: bytes = field(repr=False)
    pem: SecretStr = field(repr=False)


def read_certificate(der: bytes) -> Certificate:
    """Give the facts, or raise Unreadable."""
    try:
        with warnings.catch_warnings():
            # A serial number of zero and the like: not worth a line on every deployment.
            warnings.simplefilter("ignore")
            return _facts(x509.load_der_x509_certificate(der))
    except _ODD_NAMES:
        pass
    # Outside the handler, so that no error with bytes in it hangs on this one.
    raise Unreadable


def read_key(der: bytes) -> PrivateKey:
    """Give a key that has no passphrase, or raise Unreadable."""
    try:
        return private_key(serialization.load_der_private_key(der, None))
    except _ODD:
        pass
    raise Unreadable


def private_key(key: object) -> PrivateKey:
    """Write a key in the one form that is handed on (PKCS#8); Unreadable when nothing could serve with it."""
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey):
        raise Unreadable
    text = key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return PrivateKey(public=key.public_key().public_bytes(_DER, _SPKI), pem=SecretStr(text.decode()))


def _facts(raw: x509.Certificate) -> Certificate:
    basic = _extension(raw, x509.BasicConstraints)
    usage = _extension(raw, x509.KeyUsage)
    purposes = _extension(raw, x509.ExtendedKeyUsage)
    others = _extension(raw, x509.SubjectAlternativeName)
    key = raw.public_key()
    return Certificate(
        raw=raw,
        subject=readable(raw.subject),
        issuer=readable(raw.issuer),
        public=key.public_bytes(_DER, _SPKI),
        key=_kind(key),
        digest=raw.signature_hash_algorithm.name if raw.signature_hash_algorithm else "none",
        hosts=tuple(others.get_values_for_type(x509.DNSName)) if others else (),
        addresses=tuple(str(one) for one in others.get_values_for_type(x509.IPAddress)) if others else (),
        authority=bool(basic and basic.ca),
        path_length=basic.path_length if basic else None,
        may_issue=usage is None or usage.key_cert_sign,
        may_serve=purposes is None or ExtendedKeyUsageOID.SERVER_AUTH in purposes,
        may_shake_hands=usage is None or usage.digital_signature,
        starts=raw.not_valid_before_utc.date(),
        ends=raw.not_valid_after_utc.date(),
    )


def _extension(raw: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return raw.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _kind(key: object) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else "another kind"


def readable(name: x509.Name) -> str:
    """Write a name for people: on one line, without control characters, and not without end."""
    text = "".join(letter if letter.isprintable() else "?" for letter in name.rfc4514_string())
    return (text if len(text) <= 120 else f"{text[:117]}...") or "(a certificate without a name)"
