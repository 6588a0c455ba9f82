"""The flat secret keys beside the settings document: one row for each, and what may not lie beside them."""

from __future__ import annotations

import base64
import difflib
import json
import re
import string
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from settings.auth import Entra, Identities, SharedPassword
from settings.document import Settings
from settings.door import PemTls, PfxTls
from settings.finding import Finding
from settings.named import fault as named_fault
from settings.referred import of_users
from settings.secrets import FromConfig, Generated
from settings.storage import ExternalDatabase

PROJECT = "jupyterhub"
DOCUMENT = "settings"

# JupyterHub itself refuses shorter ones, but only when the hub starts.
SHORTEST_USER_PASSWORD = 8
SHORTEST_ADMIN_PASSWORD = 32
SHORTEST_DATABASE_PASSWORD = 8
# GitHub, Entra ID and Cloudflare all make longer ones: less is a piece of one.
SHORTEST_CLIENT_SECRET = 16
_LINE_ENDS = "\r\n"


def _any_form(_value: str, _settings: Settings) -> str | None:
    return None


@dataclass(frozen=True, kw_only=True)
class Needed:
    """A flat secret key: what it is, when it is wanted, how it is set, what form it must have."""

    key: str
    what: str
    when: str
    """In words, what `wanted` asks."""
    wanted: Callable[[Settings], bool]
    origin: str
    """Where people get it."""
    pipe: str = "{set}"
    """The command that sets it, around `pulumi config set ...`."""
    shortest: int = 0
    trimmed: str = _LINE_ENDS
    """Characters at both ends that are never meant: what an editor adds to the last line, mostly."""
    fault: Callable[[str, Settings], str | None] = _any_form
    """What is wrong with a value of this form, or nothing."""
    may_be_empty: bool = False
    optional: bool = False
    """Missing is no fault: somebody else keeps it then."""

    @property
    def path(self) -> str:
        """The key as Pulumi writes it."""
        return f"{PROJECT}:{self.key}"

    def command(self, stack: str | None = None) -> str:
        """Give the command that sets it; it asks for the value where none is fed to it."""
        where = f" --stack {stack}" if stack else ""
        return self.pipe.format(set=f"pulumi config set{where} --secret {self.path}")


def _from_people(settings: Settings) -> bool:
    """Whether what nobody can generate comes from Pulumi's config, and not from the cluster or a store."""
    return isinstance(settings.secrets, FromConfig | Generated)


def _chosen_passwords(settings: Settings) -> bool:
    return isinstance(settings.secrets, FromConfig) and isinstance(settings.auth, SharedPassword)


def _client_secret(value: str, settings: Settings) -> str | None:
    if not isinstance(settings.auth, Identities):
        return None
    if value == settings.auth.client_id:
        return "it is the clientId"
    # Entra ID shows both in one row, and the value only once.
    uuid = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    if isinstance(settings.auth, Entra) and re.fullmatch(uuid, value):
        return "it is the secret's id, not its value"
    return "there are blanks in it" if re.search(r"\s", value) else None


def _tunnel_token(value: str, _settings: Settings) -> str | None:
    """Look for account, tunnel and secret, which the token carries as JSON in base64."""
    try:
        parts = json.loads(base64.b64decode(value, validate=True))
    except ValueError:
        parts = None
    known = isinstance(parts, dict) and {"a", "t", "s"} <= set(parts)
    return None if known else "it is no tunnel token (one word that begins with eyJ)"


TABLE = (
    Needed(
        key="tlsCert",
        what="the certificate with its chain, PEM",
        when="`tls.source: pem`",
        wanted=lambda settings: isinstance(settings.tls, PemTls),
        origin="the authority that signed it",
        pipe="{set} < tls.crt",
        trimmed="",
    ),
    Needed(
        key="tlsKey",
        what="its private key, PEM, without a passphrase",
        when="`tls.source: pem`",
        wanted=lambda settings: isinstance(settings.tls, PemTls),
        origin="whoever made the certificate request",
        pipe="{set} < tls.key",
        trimmed="",
    ),
    Needed(
        key="tlsPfx",
        what="certificate, chain and key as a PFX (PKCS#12), in base64",
        when="`tls.source: pfx`",
        wanted=lambda settings: isinstance(settings.tls, PfxTls),
        origin="the authority, or an export from Windows with the private key",
        pipe="base64 < tls.pfx | {set}",
        trimmed="",
    ),
    Needed(
        key="tlsPfxPassword",
        what="the password of the PFX (it may be empty)",
        when="`tls.source: pfx`",
        wanted=lambda settings: isinstance(settings.tls, PfxTls),
        origin="whoever exported the PFX",
        may_be_empty=True,
    ),
    Needed(
        key="sharedPassword",
        what="the testers' password",
        when="`auth.provider: sharedPassword` and `secrets.source: config`",
        wanted=_chosen_passwords,
        origin="a password generator",
        shortest=SHORTEST_USER_PASSWORD,
    ),
    Needed(
        key="adminPassword",
        what="the administrators' password, another one than the testers'",
        when="`auth.provider: sharedPassword` with `auth.administrators`, and `secrets.source: config`",
        wanted=lambda settings: (
            isinstance(settings.secrets, FromConfig)
            and isinstance(settings.auth, SharedPassword)
            and bool(settings.auth.administrators)
        ),
        origin="a password generator",
        shortest=SHORTEST_ADMIN_PASSWORD,
    ),
    Needed(
        key="oauthClientSecret",
        what="the secret of the application at the identity provider",
        when="`auth.provider: entra`, `github` or `cloudflare`, and `secrets.source: config` or `generated`",
        wanted=lambda settings: isinstance(settings.auth, Identities) and _from_people(settings),
        origin="the provider's page of the application; it is shown once",
        shortest=SHORTEST_CLIENT_SECRET,
        trimmed=string.whitespace,
        fault=_client_secret,
    ),
    Needed(
        key="databasePassword",
        what="the password of the hub's user in PostgreSQL",
        when="`database.kind: external`, and `secrets.source: config` or `generated`",
        wanted=lambda settings: isinstance(settings.database, ExternalDatabase) and _from_people(settings),
        origin="whoever runs the database",
        shortest=SHORTEST_DATABASE_PASSWORD,
    ),
    Needed(
        key="tunnelToken",
        what="the token of the Cloudflare Tunnel",
        when="`ingress.tunnel` is given, and `secrets.source: config` or `generated`",
        wanted=lambda settings: settings.ingress.tunnel is not None and _from_people(settings),
        origin="Cloudflare's page of the tunnel, the last word of the command shown there",
        trimmed=string.whitespace,
        fault=_tunnel_token,
    ),
    Needed(
        key="namedSecrets",
        what='Secrets that settings name, as JSON: `{"name": {"key": "value"}}` (optional)',
        when="a setting names a Secret of users or nodes (credentials of a service or bucket, "
        "`images.pullSecrets`), and `secrets.source: config` or `generated`",
        wanted=lambda settings: _from_people(settings) and bool(of_users(settings)),
        origin="whoever runs the service, the object store or the registry",
        pipe="{set} < secrets.json",
        trimmed="",
        fault=named_fault,
        optional=True,
    ),
)
KNOWN = {row.key: row for row in TABLE}


def needed(settings: Settings) -> tuple[Needed, ...]:
    """Say which secrets these settings want from Pulumi's config."""
    return tuple(row for row in TABLE if row.wanted(settings))


def misplaced(present: Collection[str], encrypted: Collection[str]) -> Iterator[Finding]:
    """Judge the keys of a stack's config by name alone, before any value is looked at."""
    if f"{PROJECT}:{DOCUMENT}" in encrypted:
        yield _NESTED
    for full in sorted(present):
        project, _, key = full.partition(":")
        if project != PROJECT or key == DOCUMENT:
            continue
        if key not in KNOWN:
            yield _unknown(full, key, encrypted=full in encrypted)
        elif full not in encrypted:
            yield _plain(KNOWN[key])


# Pulumi tells nothing about where: one value inside makes the whole document a secret, decrypted.
_NESTED = Finding(
    path=f"{PROJECT}:{DOCUMENT}",
    rule="secret",
    what="the document has a secure value inside.",
    follows="It would reach the program, and the cluster, as plain text.",
    remedy="Take it out; secrets are flat keys beside the document, such as jupyterhub:tlsKey.",
)


def _plain(row: Needed) -> Finding:
    return Finding(
        path=row.path,
        rule="secret",
        what="it stands in the stack file in plain text.",
        follows="Whoever reads the file or its history has the secret.",
        remedy=f"Make a new one, and set it encrypted: {row.command()}",
    )


def _unknown(full: str, key: str, *, encrypted: bool) -> Finding:
    lower = {known.lower(): known for known in (*KNOWN, DOCUMENT)}
    close = difflib.get_close_matches(key.lower(), list(lower), n=1, cutoff=0.75)
    meant = f" (did you mean {PROJECT}:{lower[close[0]]}?)" if close else ""
    # Whoever swaps key and value has set a secret as a name.
    shown = full if re.fullmatch(r"[A-Za-z0-9:._-]{1,60}", full) else f"{PROJECT}:..."
    anew = "" if encrypted else " If it is a secret, make a new one: this one stands in plain text."
    return Finding(
        path=shown,
        rule="secret",
        what=f"there is no such key{meant}.",
        follows="Nothing would read it, and what it was meant for would be missing.",
        remedy=f"Set it under its name, and remove this one: pulumi config rm '{shown}'.{anew}",
    )
