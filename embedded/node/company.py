"""Certificates as a company has them: a root, an issuing authority below it, a leaf; and all of it as a PFX.

Neither file changes while what it holds lasts: a new PFX of the same certificate would be other bytes.
"""

from __future__ import annotations

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from embedded.node import files, pki


def root(folder: Path) -> pki.Pair:
    """Give the company's root; it is no other authority of this machine, and signs no leaf itself."""
    return pki.authority(folder, "company-ca", "JupyterHub embedded company", below=1)


def chain(folder: Path, host: str, *further: str) -> tuple[pki.Pair, Path]:
    """Give a leaf for host names, and the certificate of the authority between it and the root."""
    between = pki.authority(folder, "company-issuing-ca", "JupyterHub embedded issuing", ca=root(folder))
    leaf = pki.leaf_certificate(folder, between, pki.Leaf(f"company-{host}", host, hosts=(host, *further)))
    return leaf, between.certificate


def pfx(folder: Path, password: str, host: str, *further: str) -> bytes:
    """Give leaf, key and issuing authority as an export from Windows has them: without the root."""
    leaf, between = chain(folder, host, *further)
    found = pki.load(leaf)
    if found is None:
        raise FileNotFoundError(leaf.certificate)
    certificate, key = found
    kept = folder / f"company-{host}.pfx"
    if not _holds(kept, password, certificate):
        name, above = host.encode(), [x509.load_pem_x509_certificate(between.read_bytes())]
        encryption = BestAvailableEncryption(password.encode())
        files.write(
            kept, pkcs12.serialize_key_and_certificates(name, key, certificate, above, encryption), 0o600
        )
    return kept.read_bytes()


def _holds(kept: Path, password: str, certificate: x509.Certificate) -> bool:
    try:
        found = pkcs12.load_pkcs12(kept.read_bytes(), password.encode())
    except (OSError, ValueError):
        return False
    return found.cert is not None and found.cert.certificate == certificate
