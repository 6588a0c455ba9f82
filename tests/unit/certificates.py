"""Certificates made on the spot, small and quick: roots, intermediates, leaves, and files of them."""

from __future__ import annotations

import base64
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID, ObjectIdentifier
from pydantic import SecretStr

from settings.finding import Finding
from settings.material import Material, from_pem
from tests.unit.documents import TODAY

HOST = "hub.example.org"
PASSWORD = "pass word"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_NOW = datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=UTC)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Made:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(_PEM).decode()

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def key_pem(self) -> str:
        return self.key_as(serialization.PrivateFormat.PKCS8)

    def key_as(self, form: serialization.PrivateFormat, passphrase: bytes | None = None) -> str:
        encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if passphrase:
            encryption = serialization.BestAvailableEncryption(passphrase)
        return self.key.private_bytes(_PEM, form, encryption).decode()


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a certificate shall say; by default that of a good server."""

    hosts: tuple[str, ...] = (HOST,)
    addresses: tuple[str, ...] = ()
    days: int = 90
    since: int = 365
    authority: bool = False
    path_length: int | None = None
    purposes: tuple[ObjectIdentifier, ...] = ()
    usage: x509.KeyUsage | None = None
    further: tuple[x509.ExtensionType, ...] = ()


AUTHORITY = Wish(hosts=(), days=2000, authority=True)


def make(name: str, above: Made | None = None, wish: Wish = Wish(), key: Key | None = None) -> Made:
    """A certificate signed by the one above, or by itself."""
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above.certificate.subject if above else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - timedelta(days=wish.since))
        .not_valid_after(_NOW + timedelta(days=wish.days))
    )
    for extension in _extensions(wish):
        builder = builder.add_extension(extension, critical=False)
    signer = above.key if above else own
    digest = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Made(builder.sign(signer, digest), own)


def _extensions(wish: Wish) -> list[x509.ExtensionType]:
    names: list[x509.GeneralName] = [x509.DNSName(host) for host in wish.hosts]
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in wish.addresses]
    found: list[x509.ExtensionType] = [x509.BasicConstraints(ca=wish.authority, path_length=wish.path_length)]
    found += [x509.SubjectAlternativeName(names)] if names else []
    found += [x509.ExtendedKeyUsage(wish.purposes)] if wish.purposes else []
    return [*found, *wish.further, *([wish.usage] if wish.usage else [])]


def usage(*, signs: bool = False, issues: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs,
        key_cert_sign=issues,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One for all: making an RSA key takes long."""
    return rsa.generate_private_key(65537, bits)


@cache
def root() -> Made:
    return make("Test root", wish=AUTHORITY)


@cache
def intermediate() -> Made:
    return make("Test intermediate", root(), AUTHORITY)


@cache
def server() -> Made:
    """A good leaf, two steps below the root."""
    return make("hub", intermediate())


def bundle(*chain: Made) -> str:
    return "".join(made.pem for made in chain)


def forged_digest(made: Made) -> bytes:
    """The certificate as DER, claiming SHA-1 with RSA instead of SHA-256: nothing here signs so any more."""
    sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
    assert made.der.count(sha256) == 2
    return made.der.replace(sha256, sha1)


def pem_of(der: bytes, label: str = "CERTIFICATE") -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(der).decode()}-----END {label}-----\n"


def pfx_bytes(leaf: Made, others: Sequence[Made], password: str = PASSWORD, *, old: bool = False) -> bytes:
    """A PFX; `old` with the cipher of Windows before 2016 and of OpenSSL 1 (3DES, SHA-1)."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    if old:
        encryption = (
            serialization.PrivateFormat.PKCS12.encryption_builder()
            .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
            .hmac_hash(hashes.SHA1())  # noqa: S303 -- what old files have
            .build(password.encode())
        )
    chain = [made.certificate for made in others]
    return pkcs12.serialize_key_and_certificates(b"hub", leaf.key, leaf.certificate, chain, encryption)


def pfx(leaf: Made, others: Sequence[Made], password: str = PASSWORD, *, old: bool = False) -> str:
    return base64.b64encode(pfx_bytes(leaf, others, password, old=old)).decode()


@cache
def pair(*hosts: str, days: int = 90) -> tuple[str, str]:
    """A certificate of the test root for the hosts, and its key, as PEM."""
    made = make("hub", root(), Wish(hosts=hosts, days=days))
    return made.pem, made.key_pem


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
