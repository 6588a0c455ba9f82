"""The only module that knows pulumi.Config: reads document and flat secrets once, and hands them on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

import pulumi
from pydantic import SecretStr

from settings.credentials import check, needed
from settings.document import Refused, Settings, read
from settings.finding import Finding, report

PROJECT = "jupyterhub"
DOCUMENT = "settings"


@dataclass(frozen=True)
class Brought:
    """Secrets from the stack's config; each is None where the settings want none."""

    tls_cert: pulumi.Output[str] | None = None
    tls_key: pulumi.Output[str] | None = None
    shared_password: pulumi.Output[str] | None = None
    admin_password: pulumi.Output[str] | None = None


def load() -> tuple[Settings, Brought]:
    """Give settings and secrets, or end the program with every finding in one message."""
    config = pulumi.Config(PROJECT)
    today = datetime.now(tz=UTC).date()
    if pulumi.runtime.is_config_secret(config.full_key(DOCUMENT)):
        _refuse([_NESTED])
    try:
        settings = read(_document(config), today)
    except Refused as refused:
        _refuse(refused.findings)
    keys = [want.key for want in needed(settings)]
    given = {key: SecretStr(value) for key in keys if (value := config.get(key))}
    plain = [_plain(key) for key in given if not pulumi.runtime.is_config_secret(config.full_key(key))]
    if found := [*plain, *check(given, settings, today)]:
        _refuse(found)
    return settings, _brought(given)


def _document(config: pulumi.Config) -> object:
    try:
        return config.get_object(DOCUMENT) or {}
    except pulumi.ConfigTypeError:
        return config.get(DOCUMENT)


def _brought(given: dict[str, SecretStr]) -> Brought:
    def secret(key: str) -> pulumi.Output[str] | None:
        return pulumi.Output.secret(given[key].get_secret_value()) if key in given else None

    return Brought(
        tls_cert=secret("tlsCert"),
        tls_key=secret("tlsKey"),
        shared_password=secret("sharedPassword"),
        admin_password=secret("adminPassword"),
    )


def _refuse(found: list[Finding]) -> NoReturn:
    raise pulumi.RunError(report(found))


_NESTED = Finding(
    path=f"{PROJECT}:{DOCUMENT}",
    rule="secret",
    what="the document has a secure value inside.",
    follows="It would reach the program, and the cluster, as plain text.",
    remedy="Take it out; secrets are flat keys beside the document, such as jupyterhub:tlsKey.",
)


def _plain(key: str) -> Finding:
    return Finding(
        path=f"{PROJECT}:{key}",
        rule="secret",
        what="it stands in the stack file in plain text.",
        follows="Whoever reads the file or its history has the secret.",
        remedy=f"Make a new one, and set it encrypted: pulumi config set --secret {PROJECT}:{key}",
    )
