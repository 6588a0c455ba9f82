"""Keys and certificates of the node: two authorities made on this machine, and a leaf for each part.

A leaf is made again when it nears its end, when its names change, or when its authority is another one.
"""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from embedded.node import files
from embedded.node.layout import API_SERVICE_IP, CLUSTER_DOMAIN, NODE_IP, NODE_NAME

AUTHORITY_LIFE = datetime.timedelta(days=3650)
LEAF_LIFE = datetime.timedelta(days=365)
RENEW_BEFORE = datetime.timedelta(days=30)
# A clock that was set back a little must not make a new certificate one "not yet valid".
BACKDATE = datetime.timedelta(minutes=10)


@dataclass(frozen=True)
class Leaf:
    """What one certificate says: who it is, in which groups, under which names it serves."""

    name: str
    common_name: str
    groups: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @property
    def subject(self) -> x509.Name:
        """The subject; Kubernetes reads the user from CN and the groups from O."""
        groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in self.groups]
        return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, self.common_name)])

    @property
    def names(self) -> list[x509.GeneralName]:
        """Everything it serves under."""
        hosts: list[x509.GeneralName] = [x509.DNSName(host) for host in self.hosts]
        return hosts + [x509.IPAddress(ipaddress.ip_address(address)) for address in self.addresses]


@dataclass(frozen=True)
class Pair:
    """A certificate and its key as files."""

    certificate: Path
    key: Path = field(repr=False)


SERVICE = "kubernetes.default.svc"
LEAVES = (
    Leaf(
        "apiserver",
        "kube-apiserver",
        hosts=("localhost", "kubernetes", "kubernetes.default", SERVICE, f"{SERVICE}.{CLUSTER_DOMAIN}"),
        addresses=("127.0.0.1", API_SERVICE_IP, NODE_IP),
    ),
    Leaf("apiserver-kubelet", "kube-apiserver-kubelet-client"),
    Leaf("admin", "admin", groups=("system:masters",)),
    Leaf("kube-controller-manager", "system:kube-controller-manager"),
    Leaf("kube-scheduler", "system:kube-scheduler"),
    Leaf(
        "kubelet",
        f"system:node:{NODE_NAME}",
        groups=("system:nodes",),
        hosts=(NODE_NAME, "localhost"),
        addresses=("127.0.0.1", NODE_IP),
    ),
    Leaf("kube-proxy", "system:kube-proxy"),
    Leaf("coredns", "embedded:coredns"),
    Leaf("local-path-provisioner", "embedded:local-path-provisioner"),
    Leaf("traefik", "embedded:traefik"),
    Leaf("netpol", "embedded:netpol"),
)


def now() -> datetime.datetime:
    """The time by which certificates are judged."""
    return datetime.datetime.now(datetime.UTC)


def pair(folder: Path, name: str) -> Pair:
    """The two files of a certificate."""
    return Pair(certificate=folder / f"{name}.crt", key=folder / f"{name}.key")


def _save(files_of: Pair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    # The key first: a certificate without its key is what `_load` takes for "not there".
    files.write(files_of.key, key_pem(key), 0o600)
    files.write(files_of.certificate, certificate.public_bytes(serialization.Encoding.PEM))


def key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A private key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def load(files_of: Pair) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    """A certificate with its key, unless there is none or they do not belong together."""
    try:
        certificate = x509.load_pem_x509_certificate(files_of.certificate.read_bytes())
        key = serialization.load_pem_private_key(files_of.key.read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return certificate, key


def _bears(certificate: x509.Certificate, below: int) -> bool:
    """Whether so many authorities may stand below this one."""
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    return basic.path_length is not None and basic.path_length >= below


def lasts(certificate: x509.Certificate, at: datetime.datetime) -> bool:
    """Whether a certificate is valid now and not near its end."""
    return certificate.not_valid_before_utc <= at < certificate.not_valid_after_utc - RENEW_BEFORE


def _builder(
    subject: x509.Name, key: ec.EllipticCurvePrivateKey, life: datetime.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now() - BACKDATE)
        .not_valid_after(now() + life)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def authority(folder: Path, name: str, title: str, *, below: int = 0, ca: Pair | None = None) -> Pair:
    """An authority of this machine, made when there is none that lasts.

    `below` is how many authorities may stand between it and a leaf; without `ca` it signs itself.
    """
    files_of = pair(folder, name)
    issuer = load(ca) if ca else None
    found = load(files_of)
    lasting = found and lasts(found[0], now()) and _bears(found[0], below)
    if found and lasting and (not issuer or _issued_by(found[0], issuer[0])):
        return files_of
    key = ec.generate_private_key(ec.SECP256R1())
    # The host's name tells two machines' authorities apart in a browser's list.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{title} ({os.uname().nodename})"[:64])])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    builder = (
        _builder(subject, key, AUTHORITY_LIFE)
        .issuer_name(issuer[0].subject if issuer else subject)
        .add_extension(x509.BasicConstraints(ca=True, path_length=below), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
    )
    if issuer:
        builder = builder.add_extension(_signed_by(issuer[1]), critical=False)
    _save(files_of, builder.sign(issuer[1] if issuer else key, hashes.SHA256()), key)
    return files_of


def _signed_by(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, TypeError, ValueError):
        return False
    return True


def _still_good(certificate: x509.Certificate, leaf: Leaf, issuer: x509.Certificate) -> bool:
    if not lasts(certificate, now()) or certificate.subject != leaf.subject:
        return False
    if not _issued_by(certificate, issuer):
        return False
    try:
        names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    except x509.ExtensionNotFound:
        return not leaf.names
    return names == leaf.names


def leaf_certificate(folder: Path, ca: Pair, leaf: Leaf) -> Pair:
    """A leaf's files, made or renewed where needed."""
    files_of = pair(folder, leaf.name)
    issuer = load(ca)
    if issuer is None:
        raise FileNotFoundError(ca.certificate)
    found = load(files_of)
    if found and _still_good(found[0], leaf, issuer[0]):
        return files_of
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH] + ([ExtendedKeyUsageOID.SERVER_AUTH] if leaf.names else [])
    builder = (
        _builder(leaf.subject, key, LEAF_LIFE)
        .issuer_name(issuer[0].subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(_signed_by(issuer[1]), critical=False)
    )
    if leaf.names:
        builder = builder.add_extension(x509.SubjectAlternativeName(leaf.names), critical=False)
    _save(files_of, builder.sign(issuer[1], hashes.SHA256()), key)
    return files_of


def ensure(folder: Path) -> None:
    """Everything the node needs: the authority, the leaves, the key that signs service accounts' tokens."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    ca = authority(folder, "ca", "JupyterHub embedded node")
    for leaf in LEAVES:
        leaf_certificate(folder, ca, leaf)
    _signing_key(folder)
    ingress_certificate(folder, "localhost")


def _signing_key(folder: Path) -> None:
    """The pair that signs service accounts' tokens.

    Never renewed: every token of every pod would become worthless at once. The public half is a file of its
    own, because the API server finds it in no private key of this format.
    """
    private, public = folder / "service-account.key", folder / "service-account.pub"
    if private.is_file() and public.is_file():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    files.write(private, key_pem(key), 0o600)
    files.write(
        public,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )


def ingress_authority(folder: Path) -> Pair:
    """The machine's second authority: what a browser, and whoever else stands outside, may be told to trust.

    It never signs anything that the API server trusts.
    """
    return authority(folder, "ingress-ca", "JupyterHub embedded ingress")


def ingress_certificate(folder: Path, host: str, *further: str) -> Pair:
    """A certificate for a host name behind the ingress, straight from the machine's second authority."""
    leaf = Leaf(f"ingress-{host}", host, hosts=(host, *further), addresses=("127.0.0.1",))
    return leaf_certificate(folder, ingress_authority(folder), leaf)
