"""Certificate and key out of two PEM texts, in whatever order and with whatever around them."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import SecretStr

from settings.finding import Finding
from settings.material import text
from settings.material.certificate import (
    Certificate,
    PrivateKey,
    Unreadable,
    read_certificate,
    read_key,
)
from settings.material.mistake import damaged, mistaken

CERTIFICATE = "jupyterhub:tlsCert"
KEY = "jupyterhub:tlsKey"


def certificates(given: SecretStr) -> tuple[list[Certificate], list[Finding]]:
    """Read every certificate of the bundle."""
    pem = given.get_secret_value()
    blocks = [block for block in text.blocks(pem) if block.label in text.CERTIFICATES]
    if not blocks or text.is_cut(pem):
        return [], [mistaken("certificate", text.kind(pem), CERTIFICATE)]
    read: list[Certificate] = []
    found: list[Finding] = []
    for number, block in enumerate(blocks, start=1):
        try:
            read.append(read_certificate(block.der))
        except Unreadable:
            found.append(damaged(f"certificate {number} of {len(blocks)}", CERTIFICATE))
    return ([] if found else read), found


def key(given: SecretStr, chain: Sequence[Certificate]) -> tuple[PrivateKey | None, list[Finding]]:
    """Read the key; where a text has several, the one of a certificate is meant."""
    pem = given.get_secret_value()
    blocks = [block for block in text.blocks(pem) if block.kind == "key"]
    if not blocks or text.is_cut(pem):
        return None, [mistaken("key", _kind_of_key(pem), KEY)]
    try:
        keys = {read.public: read for block in blocks for read in [read_key(block.der)]}
    except Unreadable:
        return None, [damaged("the key", KEY)]
    fitting = [one for public, one in keys.items() if public in {made.public for made in chain}]
    return (fitting or list(keys.values()))[0], []


def _kind_of_key(pem: str) -> str:
    """Name what stands there instead: an encrypted key, wherever it stands, says most."""
    kinds = [block.kind for block in text.blocks(pem)]
    return "encrypted key" if "encrypted key" in kinds else text.kind(pem)


def swapped(certificate: SecretStr, private: SecretStr) -> list[Finding]:
    """Tell two texts that were set the wrong way round."""
    first, second = (
        {block.kind for block in text.blocks(one.get_secret_value())} for one in (certificate, private)
    )
    if "certificate" in first or "certificate" not in second or not first & {"key", "encrypted key"}:
        return []
    return [
        Finding(
            path=CERTIFICATE,
            rule="tls-form",
            what="certificate and key are swapped.",
            follows="The ingress cannot serve TLS.",
            remedy=(
                f"pulumi config set --secret {CERTIFICATE} < tls.crt, "
                f"and pulumi config set --secret {KEY} < tls.key"
            ),
        )
    ]
