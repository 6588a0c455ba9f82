"""The only module that knows pulumi.Config: reads document and flat secrets once, and hands them on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import SecretStr

from settings.credentials import Checked, check
from settings.document import Settings, inspect
from settings.finding import report
from settings.flat import DOCUMENT, KNOWN, PROJECT, misplaced
from settings.named import parsed

Secret = pulumi.Output[str]


@dataclass(frozen=True)
class Brought:
    """Secrets from the stack's config; each is None where the settings want none."""

    tls_cert: Secret | None = None
    """The chain as a server sends it, whatever it came as."""
    tls_key: Secret | None = None
    shared_password: Secret | None = None
    admin_password: Secret | None = None
    further: Mapping[str, Secret] = field(default_factory=dict)
    """All other secrets that the settings want, by their flat key, such as `oauthClientSecret`."""
    named: Mapping[str, Mapping[str, Secret]] = field(default_factory=dict)
    """Secrets that settings name and the stack itself keeps: by their names, then by their keys."""
    tls_expires: date | None = None


def load() -> tuple[Settings, Brought]:
    """Give settings and secrets, or end the program with every finding in one message."""
    config = pulumi.Config(PROJECT)
    today = datetime.now(tz=UTC).date()
    present = {*pulumi_config.CONFIG.get(), *pulumi_config.get_config_env()}
    encrypted = {key for key in present if pulumi.runtime.is_config_secret(key)}
    found = list(misplaced(present, encrypted))
    # A document with a secret inside is not even read: a finding about its shape could repeat the secret.
    readable = config.full_key(DOCUMENT) not in encrypted
    settings, faults = inspect(_document(config), today) if readable else (None, [])
    found += faults
    if settings is None:
        raise pulumi.RunError(report(found))
    given = {key: SecretStr(value) for key in KNOWN if (value := config.get(key)) is not None}
    checked = check(given, settings, today, pulumi.get_stack())
    found += checked.findings
    if any(one.severity == "error" for one in found):
        raise pulumi.RunError(report(found))
    for one in found:
        if one.severity == "warning":
            pulumi.log.warn(str(one))
    return settings, _brought(checked)


def _document(config: pulumi.Config) -> object:
    text = config.get(DOCUMENT)
    try:
        return json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return text


_FIELDS = {
    *("tlsCert", "tlsKey", "tlsPfx", "tlsPfxPassword"),
    *("sharedPassword", "adminPassword", "namedSecrets"),
}
"""Keys that have a field of their own in Brought."""


def _named(secrets: Mapping[str, SecretStr]) -> Mapping[str, Mapping[str, str]]:
    text = secrets.get("namedSecrets")
    return (parsed(text.get_secret_value()) or {}) if text else {}


def _brought(checked: Checked) -> Brought:
    def secret(value: SecretStr | str | None) -> Secret | None:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        return None if text is None else pulumi.Output.secret(text)

    material, secrets = checked.material, checked.secrets
    return Brought(
        tls_cert=secret(material.certificate_pem) if material else None,
        tls_key=secret(material.key_pem) if material else None,
        shared_password=secret(secrets.get("sharedPassword")),
        admin_password=secret(secrets.get("adminPassword")),
        further={
            key: pulumi.Output.secret(value.get_secret_value())
            for key, value in secrets.items()
            if key not in _FIELDS
        },
        named={
            name: {key: pulumi.Output.secret(value) for key, value in content.items()}
            for name, content in _named(secrets).items()
        },
        tls_expires=material.expires if material else None,
    )
