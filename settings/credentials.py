"""The secrets that people bring: which a stack needs, and whether each can serve. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr

from settings.document import Settings
from settings.door import PemTls
from settings.finding import Finding

Given = Mapping[str, SecretStr]

# JupyterHub itself refuses shorter ones, but only when the hub starts.
SHORTEST_USER_PASSWORD = 8
SHORTEST_ADMIN_PASSWORD = 32


@dataclass(frozen=True)
class Needed:
    """A flat secret key beside the settings document."""

    key: str
    what: str
    command: str


TLS_CERT = Needed(
    "tlsCert",
    "the certificate with its chain, PEM",
    "pulumi config set --secret jupyterhub:tlsCert < tls.crt",
)
TLS_KEY = Needed("tlsKey", "its private key, PEM", "pulumi config set --secret jupyterhub:tlsKey < tls.key")
SHARED_PASSWORD = Needed(
    "sharedPassword",
    f"the testers' password, {SHORTEST_USER_PASSWORD} characters or more",
    "pulumi config set --secret jupyterhub:sharedPassword",
)
ADMIN_PASSWORD = Needed(
    "adminPassword",
    f"the administrators' password, {SHORTEST_ADMIN_PASSWORD} characters or more",
    "pulumi config set --secret jupyterhub:adminPassword",
)


def needed(settings: Settings) -> tuple[Needed, ...]:
    """Say which secrets these settings want from Pulumi's config."""
    wanted: list[Needed] = []
    if isinstance(settings.tls, PemTls):
        wanted += [TLS_CERT, TLS_KEY]
    if settings.secrets.source == "config":
        wanted.append(SHARED_PASSWORD)
        if settings.auth.administrators:
            wanted.append(ADMIN_PASSWORD)
    return tuple(wanted)


def check(given: Given, settings: Settings, today: date) -> list[Finding]:
    """Find what is missing or cannot serve. No finding repeats a secret."""
    found = [_missing(want) for want in needed(settings) if want.key not in given]
    found += _passwords(given)
    if TLS_CERT.key in given and TLS_KEY.key in given:
        found += _certificate(given, settings.ingress.host, today)
    return found


def _missing(want: Needed) -> Finding:
    return Finding(
        path=f"jupyterhub:{want.key}",
        rule="secret",
        what=f"{want.what}, is not set.",
        follows="The stack cannot be deployed without it.",
        remedy=want.command,
    )


def _unfit(want: Needed, what: str, follows: str, remedy: str = "") -> Finding:
    return Finding(
        path=f"jupyterhub:{want.key}",
        rule="secret",
        what=what,
        follows=follows,
        remedy=remedy or f"Set another: {want.command}",
    )


def _passwords(given: Given) -> Iterator[Finding]:
    for want, shortest in (
        (SHARED_PASSWORD, SHORTEST_USER_PASSWORD),
        (ADMIN_PASSWORD, SHORTEST_ADMIN_PASSWORD),
    ):
        if want.key in given and len(given[want.key].get_secret_value()) < shortest:
            yield _unfit(want, f"it is shorter than {shortest} characters.", "The hub refuses to start.")
    pair = [given[want.key] for want in (SHARED_PASSWORD, ADMIN_PASSWORD) if want.key in given]
    if len(pair) == 2 and pair[0] == pair[1]:
        yield _unfit(ADMIN_PASSWORD, "it is the shared password.", "Every tester would be an administrator.")


def _certificate(given: Given, host: str, today: date) -> Iterator[Finding]:
    try:
        chain = x509.load_pem_x509_certificates(given[TLS_CERT.key].get_secret_value().encode())
    except ValueError:
        yield _unfit(TLS_CERT, "it is no PEM certificate.", "The ingress cannot serve TLS.")
        return
    try:
        key = serialization.load_pem_private_key(given[TLS_KEY.key].get_secret_value().encode(), None)
    except (ValueError, TypeError):
        yield _unfit(TLS_KEY, "it is no PEM key without a passphrase.", "The ingress cannot serve TLS.")
        return
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    leaf = chain[0]
    if key.public_key().public_bytes(*form) != leaf.public_key().public_bytes(*form):
        yield _unfit(TLS_KEY, "it belongs to another certificate.", "The ingress cannot serve TLS.")
    if not _covers(leaf, host):
        yield _unfit(
            TLS_CERT, f"it is not made for {host}.", "Every browser warns, and no API client connects."
        )
    if leaf.not_valid_after_utc.date() <= today:
        yield _unfit(
            TLS_CERT, f"it ended on {leaf.not_valid_after_utc.date()}.", "Every browser refuses the hub."
        )


def _covers(leaf: x509.Certificate, host: str) -> bool:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return any(
        host == name or (name.startswith("*.") and host.partition(".")[2] == name[2:])
        for name in names.get_values_for_type(x509.DNSName)
    )
