"""All that can be found in one stack file without a cluster, a secret or a state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from chart import source
from chart.archive import Archive
from deployment.checks import judged as judged_values
from ops.positions import Position, Positions
from ops.stack_files import stack_of, text_of, today
from settings import Settings
from settings.document import inspect
from settings.finding import Finding
from settings.flat import misplaced
from settings.stack_file import KEY, Unreadable, config_of, data_of, encrypted
from settings.state import State


@dataclass(frozen=True)
class Located:
    """A finding with its place in the file."""

    finding: Finding
    at: Position


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a stack file has been found to be."""

    place: Path
    found: tuple[Located, ...]
    chart_missing: str = ""
    """The chart against which nothing was held, since it is not at hand; empty where it is."""

    @property
    def stack(self) -> str:
        """The stack's name."""
        return stack_of(self.place)


def judge(place: Path, project: Path, *, fetch: bool) -> Judged:
    """Read a stack file and hold it against everything: its form, the rules, hub and chart."""
    text = text_of(place)
    try:
        whole = data_of(text)
    except Unreadable as fault:
        return Judged(place=place, found=(_unreadable(fault),))
    positions, (settings, found) = Positions(text), _of_config(whole)
    missing = ""
    if settings:
        archive, faults = _chart(settings, project, fetch=fetch)
        missing = "" if archive or faults else f"{settings.chart.chart_name} {settings.chart.version}"
        found += faults + judged_values(settings, archive)[1]
    located = {Located(one, positions.of(one.path)): None for one in found}
    located |= {Located(*pair): None for pair in positions.repeated()}
    return Judged(place=place, found=tuple(sorted(located, key=lambda one: one.at)), chart_missing=missing)


def _of_config(whole: object) -> tuple[Settings | None, list[Finding]]:
    try:
        config = config_of(whole)
    except Unreadable:
        return None, [_NOTHING]
    if KEY not in config:
        return None, [_NOTHING]
    secret = encrypted(config)
    found = list(misplaced(config, secret))
    if KEY in secret:
        return None, found
    settings, faults = inspect(config[KEY], today())
    if settings and settings.state and isinstance(whole, dict):
        found += _encrypted_otherwise(whole, settings.state)
    return settings, found + faults


def _encrypted_otherwise(stack_file: Mapping[str, object], state: State) -> Iterator[Finding]:
    """Hold what Pulumi has written down about encryption, at the file's top, against the settings."""
    salted = "encryptionsalt" in stack_file
    used = str(stack_file.get("secretsprovider") or ("passphrase" if salted else ""))
    if used and used != state.secrets_provider:
        yield Finding(
            path="settings.state.secretsProvider",
            rule="L3",
            what="the secrets in this file are encrypted with another one.",
            follows="Whoever sets up a shell by `ops env` and has that key alone cannot read them.",
            remedy="Correct the setting, or change the stack: pulumi stack change-secrets-provider.",
        )


def _chart(settings: Settings, project: Path, *, fetch: bool) -> tuple[Archive | None, list[Finding]]:
    read = source.load if fetch else source.at_hand
    try:
        return read(settings.chart, project), []
    except source.Unusable as unusable:
        return None, [unusable.finding]


_NOTHING = Finding(
    path="settings",
    rule="yaml",
    what=f"the file has no `config: {KEY}:`.",
    follows="There is nothing to deploy for the stack.",
    remedy="Write its settings there; the file of another stack shows how.",
)


def _unreadable(fault: Unreadable) -> Located:
    finding = Finding(
        path="settings",
        rule="yaml",
        what=str(fault),
        follows="Neither pulumi nor this command can read the file; nothing else in it was judged.",
        remedy="Correct the line, or the one before it: an indentation, a tab, a missing quote.",
    )
    return Located(finding, Position(fault.line, fault.column))


def counted(stacks: list[Judged]) -> dict[str, int]:
    """Count the findings of each severity."""
    every = [one.finding.severity for one in all_of(stacks)]
    return {severity: every.count(severity) for severity in ("error", "warning", "note")}


def all_of(stacks: list[Judged]) -> Iterator[Located]:
    """Give the findings of all stacks."""
    for stack in stacks:
        yield from stack.found
