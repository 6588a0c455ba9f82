"""The secrets that people bring, judged: what is missing, what cannot serve, what nobody uses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from pydantic import SecretStr

from settings.document import Settings
from settings.door import PemTls, PfxTls, hosts
from settings.finding import Finding
from settings.flat import KNOWN, Needed, needed
from settings.material import Material, Outcome, from_pem, from_pfx

Given = Mapping[str, SecretStr]


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What is handed on, and everything found on the way; only warnings among it let it be used."""

    findings: list[Finding]
    secrets: Given = field(repr=False)
    """What the settings want, by key, without the line ends that pasting adds."""
    material: Material | None


def check(given: Given, settings: Settings, today: date, stack: str | None = None) -> Checked:
    """Judge all secrets of a stack together. No finding repeats one."""
    wanted = needed(settings)
    trimmed = {key: _trimmed(KNOWN[key], value) for key, value in given.items()}
    there = {key: value for key, value in trimmed.items() if value.get_secret_value() or _may_be_empty(key)}
    used = {row.key: there[row.key] for row in wanted if row.key in there}
    found = [_missing(row, stack) for row in wanted if not row.optional and row.key not in used]
    for row in wanted:
        if row.key in used:
            found += _unfit(row, used[row.key], settings, stack)
    found += _equal_passwords(used, stack)
    found += [unused(KNOWN[key]) for key in there if key not in used]
    material, more = _tls(used, settings, today)
    return Checked(findings=[*found, *more], secrets=used, material=material)


def _trimmed(row: Needed, value: SecretStr) -> SecretStr:
    return SecretStr(value.get_secret_value().strip(row.trimmed)) if row.trimmed else value


def _may_be_empty(key: str) -> bool:
    return KNOWN[key].may_be_empty


def _missing(row: Needed, stack: str | None) -> Finding:
    return Finding(
        path=row.path,
        rule="secret",
        what=f"{row.what}, is not set; it comes from {row.origin}.",
        follows="The stack cannot be deployed without it.",
        remedy=row.command(stack),
    )


def _unfit(row: Needed, value: SecretStr, settings: Settings, stack: str | None) -> Iterator[Finding]:
    text = value.get_secret_value()
    if row.trimmed and not text.isprintable():
        what = "there are line ends or invisible characters in it"
    elif len(text) < row.shortest:
        what = f"it is shorter than {row.shortest} characters"
    else:
        what = row.fault(text, settings) or ""
    if what:
        yield _refused(
            row, what, "Sign-in, database or tunnel would fail, and only after the deployment.", stack
        )
    elif row.trimmed and text != text.strip():
        yield Finding(
            path=row.path,
            rule="secret",
            what="it begins or ends with a blank.",
            follows="The blank is a part of the secret; people who type it will forget it.",
            remedy=f"If it is not meant: {row.command(stack)}",
            severity="warning",
        )


def _refused(row: Needed, what: str, follows: str, stack: str | None) -> Finding:
    return Finding(
        path=row.path,
        rule="secret",
        what=f"{what}.",
        follows=follows,
        remedy=f"Set the right one, from {row.origin}: {row.command(stack)}",
    )


def _equal_passwords(used: Given, stack: str | None) -> Iterator[Finding]:
    if "adminPassword" in used and used["adminPassword"] == used.get("sharedPassword"):
        row = KNOWN["adminPassword"]
        yield _refused(row, "it is the shared password", "Every tester would be an administrator.", stack)


def unused(row: Needed) -> Finding:
    """Warn of a secret that nothing reads."""
    return Finding(
        path=row.path,
        rule="secret",
        what="it is set, and these settings do not use it.",
        follows=f"It has no effect: it is wanted with {row.when.replace('`', '')}.",
        remedy=f"Correct the settings, or remove it: pulumi config rm {row.path}",
        severity="warning",
    )


def _tls(used: Given, settings: Settings, today: date) -> Outcome:
    host, *further = hosts(settings.ingress)
    if isinstance(settings.tls, PemTls) and {"tlsCert", "tlsKey"} <= set(used):
        return from_pem(used["tlsCert"], used["tlsKey"], host, today, further)
    if isinstance(settings.tls, PfxTls) and {"tlsPfx", "tlsPfxPassword"} <= set(used):
        return from_pfx(used["tlsPfx"], used["tlsPfxPassword"], host, today, further)
    return None, []
