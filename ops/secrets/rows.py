"""Every secret of a stack as a row: what it is, if it is there, where it lies, who brings it, its end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from ops.secrets import setting
from ops.secrets.held import Held
from settings import Settings
from settings.auth import Identities, SharedPassword
from settings.door import CertManagerTls, ExistingTls, PemTls, PfxTls
from settings.flat import Needed, needed
from settings.material import text
from settings.material.certificate import Unreadable, read_certificate
from settings.referred import Referred, of_users, referred
from settings.secrets import FromCluster, FromConfig, FromStore

State = Literal["set", "MISSING", "plain text", "not set", "others'", "store's", "generated", "no secret"]
HUB, TUNNEL = "hub-credentials-*", "tunnel-token-*"
"""Their names end differently for every content: `*`."""
_SIGN_IN = "values.yaml"
_PASSWORDS = ("sharedPassword", "adminPassword")
_NEVER = "never by itself"
_ENDS = {
    "oauthClientSecret": "on the provider's page",
    "databasePassword": "as the database has it",
    "tunnelToken": _NEVER,
    "namedSecrets": "as each service has it",
    "tlsPfxPassword": "with the PFX",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One secret."""

    name: str
    what: str
    state: State
    lies: str
    """Where its value is kept, and read from."""
    cluster: tuple[str, ...] = ()
    """Secret and key, as pods read it."""
    origin: str
    """Who brings it."""
    ends: str
    command: str = ""
    """Sets it, and sets a new one."""
    look: str = ""
    """Shows when it ends, where only the cluster knows."""


def rows(stack: str, settings: Settings, held: Held, today: date) -> list[Row]:
    """Give all of them: from Pulumi's config, from others, from machines; then what else has an end."""
    return [
        *(_flat(row, stack, settings, held, today) for row in needed(settings)),
        *_named(settings, held, today),
        *_certificate_of_others(settings),
        *_generated(settings, today),
        *_authorities(settings, today),
    ]


def hub_secret(settings: Settings) -> str:
    """Name the hub's own Secret."""
    return settings.secrets.name or HUB


def _flat(row: Needed, stack: str, settings: Settings, held: Held, today: date) -> Row:
    state: State = "set" if held.has(row.key) else "MISSING"
    if row.path in held.present and state != "set":
        state = "plain text"
    elif state == "MISSING" and row.optional:
        state = "not set"
    return Row(
        name=row.path,
        what=row.what,
        state=state,
        lies="Pulumi's config",
        cluster=_of_flat(row.key, settings),
        origin=row.origin,
        ends=_end(row.key, settings, today),
        command=setting.of_config(row, stack),
    )


def _of_flat(key: str, settings: Settings) -> tuple[str, ...]:
    hub = hub_secret(settings)
    if isinstance(settings.tls, PemTls | PfxTls) and key in ("tlsCert", "tlsKey", "tlsPfx"):
        parts = {"tlsCert": ("tls.crt",), "tlsKey": ("tls.key",)}.get(key, ("tls.crt", "tls.key"))
        return tuple(f"{settings.tls.secret_name}/{part}" for part in parts)
    places = {
        **dict.fromkeys((*_PASSWORDS, "oauthClientSecret"), (f"{hub}/{_SIGN_IN}",)),
        "databasePassword": (f"{hub}/hub.db.password",),
        "tunnelToken": (f"{TUNNEL}/token",),
    }
    return places.get(key, ())


def _end(key: str, settings: Settings, today: date) -> str:
    if key in _PASSWORDS:
        return _end_of_passwords(settings, today)
    if key == "oauthClientSecret" and (end := _client_secret_end(settings)):
        return _day(end, today)
    return _ENDS.get(key, "shown by the output certificateExpires")


def _end_of_passwords(settings: Settings, today: date) -> str:
    if isinstance(settings.auth, SharedPassword) and settings.auth.expires:
        return _day(settings.auth.expires, today)
    return _NEVER


def _client_secret_end(settings: Settings) -> date | None:
    return settings.auth.client_secret_expires if isinstance(settings.auth, Identities) else None


def _day(end: date, today: date) -> str:
    return f"{end} (in {(end - today).days} days)"


def _named(settings: Settings, held: Held, today: date) -> Iterator[Row]:
    """Give the Secrets that settings name and that no flat key of its own stands for."""
    secrets = settings.secrets
    if isinstance(secrets, FromStore):
        for one in referred(settings):
            kept = one.name not in secrets.elsewhere
            row = _by_store(one, settings, secrets) if kept else _by_others(one, settings)
            yield _with_end(row, one, settings, today)
    elif isinstance(secrets, FromCluster):
        for one in referred(settings):
            yield _with_end(_by_others(one, settings), one, settings, today)
    else:
        known = "jupyterhub:namedSecrets, or else others" if held.has("namedSecrets") else ""
        yield from (_by_others(one, settings, known) for one in of_users(settings))


def _with_end(row: Row, one: Referred, settings: Settings, today: date) -> Row:
    """Add the one end that settings know of a Secret that others keep."""
    end = _client_secret_end(settings) if one.setting == "settings.auth.clientSecretName" else None
    return replace(row, ends=_day(end, today)) if end else row


def _keys(one: Referred) -> tuple[str, ...]:
    return tuple(f"{one.name}/{key}" for key in one.keys) or (f"{one.name}/(any keys)",)


def _by_store(one: Referred, settings: Settings, secrets: FromStore) -> Row:
    return Row(
        name=one.name,
        what=f"named by {one.setting}",
        state="store's",
        lies=setting.entry(one, secrets),
        cluster=_keys(one),
        origin="whoever keeps the store",
        ends="as the store's entry has it",
        command=setting.in_store(one, secrets),
    )


def _by_others(one: Referred, settings: Settings, known: str = "") -> Row:
    return Row(
        name=one.name,
        what=f"named by {one.setting}",
        state="others'",
        lies=known or f"namespace {settings.namespace.name}",
        cluster=_keys(one),
        origin="whoever runs the service, or the registry" if one.registry or one.open else "its owner",
        ends="as its owner has it",
        command=setting.in_cluster(one, settings),
    )


def _certificate_of_others(settings: Settings) -> Iterator[Row]:
    tls = settings.tls
    if not isinstance(tls, ExistingTls | CertManagerTls):
        return
    by_manager = isinstance(tls, CertManagerTls)
    yield Row(
        name=tls.secret_name,
        what="certificate and key of the host",
        state="others'",
        lies=f"namespace {settings.namespace.name}",
        cluster=(f"{tls.secret_name}/tls.crt", f"{tls.secret_name}/tls.key"),
        origin="cert-manager" if by_manager else "whoever keeps the certificate",
        ends="renewed by cert-manager" if by_manager else "only the cluster knows",
        command="" if by_manager else setting.certificate_in_cluster(tls.secret_name, settings),
        look=setting.end_in_cluster(tls.secret_name, settings),
    )


def _generated(settings: Settings, today: date) -> Iterator[Row]:
    """Give what `pulumi up` makes, with the generation that the settings ask for."""
    hub, count = hub_secret(settings), settings.secrets.generations
    crypt = ", ".join(map(str, count.crypt_keys))
    machine: list[tuple[str, str, int | str, str, str]] = [
        (
            "proxyToken",
            "between hub and proxy",
            count.proxy_token,
            "hub",
            "hub.config.ConfigurableHTTPProxy.auth_token",
        ),
        ("cookieSecret", "signs cookies", count.cookie_secret, hub, "hub.config.JupyterHub.cookie_secret"),
        ("cryptKeys", "encrypt what the hub keeps", f"[{crypt}]", hub, "hub.config.CryptKeeper.keys"),
    ]
    machine += (
        (
            "serviceTokens",
            f"the token of {service}",
            count.service_tokens,
            hub,
            f"hub.services.{service}.apiToken",
        )
        for service in settings.monitoring.services
    )
    if isinstance(settings.auth, SharedPassword) and not isinstance(settings.secrets, FromConfig):
        machine.append(("passwords", "passwords of a try", count.passwords, hub, _SIGN_IN))
    for name, what, generation, secret, key in machine:
        yield Row(
            name=name,
            what=what,
            state="generated",
            lies=f"Pulumi's state, generation {generation}",
            cluster=(f"{secret}/{key}",),
            origin="pulumi up",
            ends=_end_of_passwords(settings, today) if name == "passwords" else _NEVER,
        )


def _authorities(settings: Settings, today: date) -> Iterator[Row]:
    """Give the company's authorities: they are no secret, and they come to an end all the same."""
    bundle = settings.cluster.ca_bundle
    if not bundle:
        return
    ends = [end for block in text.blocks(bundle.certificates or "") if (end := _ends(block))]
    yield Row(
        name=bundle.config_map,
        what="the company's authorities",
        state="no secret" if bundle.certificates else "others'",
        lies="settings.cluster.caBundle" if bundle.certificates else f"namespace {settings.namespace.name}",
        cluster=(f"ConfigMap {bundle.config_map}/{bundle.key}",),
        origin="whoever runs the company's authorities",
        ends=f"the first of {len(ends)}: {_day(min(ends), today)}" if ends else "as its owner has it",
    )


def _ends(block: text.Block) -> date | None:
    try:
        return read_certificate(block.der).ends
    except Unreadable:
        return None
