"""TLS material that people bring: read, judged, and put in the one form that servers send. Pure.

Whatever the source (PEM, PFX), what comes out is the same. No finding repeats more of the input than the
subjects of certificates and the names they serve, which every visitor of the hub can read anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import SecretStr

from settings.finding import Finding
from settings.material import chain, fitness, pem, pfx
from settings.material.certificate import Certificate, PrivateKey

Outcome = tuple["Material | None", list[Finding]]


@dataclass(frozen=True, kw_only=True)
class Material:
    """What a server needs: the chain in order, without the root, and the key (PKCS#8)."""

    certificate_pem: str = field(repr=False)
    key_pem: SecretStr = field(repr=False)
    subject: str
    names: tuple[str, ...]
    expires: date
    """The first day on which a part of the chain is no longer valid."""


def from_pem(
    certificate: SecretStr, key: SecretStr, host: str, today: date, further: Sequence[str] = ()
) -> Outcome:
    """Judge two PEM texts; give the material when nothing speaks against it.

    `further` are names that the certificate must cover beside the host.
    """
    if found := pem.swapped(certificate, key):
        return None, found
    bundle, found = pem.certificates(certificate)
    private, more = pem.key(key, bundle)
    asked = _Question((host, *further), today, pem.CERTIFICATE, pem.KEY)
    return _judged(bundle, private, [*found, *more], asked)


def from_pfx(
    file: SecretStr, password: SecretStr, host: str, today: date, further: Sequence[str] = ()
) -> Outcome:
    """Judge a PFX in base64 in the same way."""
    (bundle, private), found = pfx.contents(file, password)
    return _judged(bundle, private, found, _Question((host, *further), today, pfx.FILE, pfx.FILE))


@dataclass(frozen=True)
class _Question:
    hosts: tuple[str, ...]
    today: date
    certificate: str
    key: str


def _judged(
    bundle: Sequence[Certificate], private: PrivateKey | None, found: list[Finding], question: _Question
) -> Outcome:
    if not bundle:
        return None, found
    arranged = chain.arrange(bundle, private.public if private else None)
    path = question.certificate
    if private and private.public != arranged.leaf.public:
        found.append(_not_its_key(arranged.leaf, question.key))
    found += chain.findings(arranged, question.hosts[0], path)
    found += fitness.findings(arranged, question.hosts, question.today, path)
    if private is None or any(one.severity == "error" for one in found):
        return None, found
    return _material(arranged, private), found


def _material(arranged: chain.Chain, private: PrivateKey) -> Material:
    leaf = arranged.leaf
    return Material(
        certificate_pem="".join(one.pem for one in arranged.sent),
        key_pem=private.pem,
        subject=leaf.subject,
        names=(*leaf.hosts, *leaf.addresses),
        expires=min(one.ends for one in arranged.sent),
    )


def _not_its_key(leaf: Certificate, path: str) -> Finding:
    return Finding(
        path=path,
        rule="tls-key",
        what=f"the key belongs to another certificate than {leaf.subject}.",
        follows="The ingress cannot serve TLS.",
        remedy="Set certificate and key of the same request, both from the files.",
    )
