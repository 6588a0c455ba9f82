"""Holds the values against what the hub's own packages can be configured with, before anything is registered.

The chart's schema takes anything below `hub.config` and in a profile's `kubespawner_override`, and the hub
ignores what it does not know: a misspelt or too new setting has no effect, and nobody hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from chart import admission, deprecated, overrides
from chart.catalogue import Catalogue, NoCatalogue, load
from chart.catalogue.kinds import expected, fits, named
from chart.hubconfig import CHART, HubConfig
from chart.merge import Values
from settings.finding import Finding

RULES = {
    "T0": "There is a catalogue of the hub version that a stack has.",
    "T1": "A section of hub.config is a class of the hub.",
    "T2": "A setting is one that the class reading it has.",
    "T3": "A setting is read from the configuration, and no other attribute of its class.",
    "T4": "A value is of the kind that its setting takes.",
    **deprecated.RULES,
    "T6": "The classes that the hub is told to use are in its image.",
    "T7": "A section belongs to a class that the hub uses.",
    **overrides.RULES,
    **admission.RULES,
}
IGNORED = "The hub ignores it and says so at most in its log: what it was meant to do is not done."


def findings_with(version: str, values: Values) -> list[Finding]:
    """Give the findings with a version of jupyterhub; one of them may be that nobody knows it."""
    try:
        return findings(values, load(version))
    except NoCatalogue as unknown:
        return [unknown.finding]


def findings(values: Values, catalogue: Catalogue) -> list[Finding]:
    """Give everything in the values that this hub would ignore, refuse, or take amiss."""
    config = HubConfig.of(values, catalogue)
    return [
        *_classes(config),
        *_sections(config),
        *overrides.findings(values, catalogue),
        *admission.findings(config),
    ]


def suggestion(word: str, known: Iterable[str]) -> str:
    """Say which known word is meant, where one is near."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.7)
    return f"Did you mean {near[0]}? " if near else ""


def _classes(config: HubConfig) -> Iterator[Finding]:
    for setting in CHART:
        asked = config.asked(setting)
        if config.chosen(setting) or not isinstance(asked, str):
            continue
        names = config.catalogue.names[setting]
        lacks = config.catalogue.lacking.get(asked.lower())
        why = f"the hub image lacks the module {lacks} of it" if lacks else "the hub image has no such class"
        yield Finding(
            path=f"values.hub.config.JupyterHub.{setting}",
            rule="T6",
            what=f"{asked}: {why}.",
            follows="The hub does not start.",
            remedy=f"{suggestion(asked, names)}Known by name: {', '.join(sorted(names))}.",
        )


def _sections(config: HubConfig) -> Iterator[Finding]:
    for section, given in sorted(config.sections.items()):
        path = f"values.hub.config.{section}"
        if section not in config.catalogue.classes:
            yield _unknown_class(path, section, config.catalogue)
        elif not isinstance(given, dict):
            yield _no_mapping(path, given)
        elif rival := config.rival(section):
            yield _unread(path, section, rival)
        else:
            reader = config.reader(section)
            for name, value in sorted(given.items()):
                yield from _setting(f"{path}.{name}", reader, name, value, config.catalogue)


def _unknown_class(path: str, section: str, catalogue: Catalogue) -> Finding:
    return Finding(
        path=path,
        rule="T1",
        what=f"no class of jupyterhub {catalogue.version} or its plugins is named {section}.",
        follows=IGNORED,
        remedy=f"{suggestion(section, catalogue.classes)}Use the name of a class in chart/catalogue.",
    )


def _no_mapping(path: str, given: object) -> Finding:
    return Finding(
        path=path,
        rule="T4",
        what=f"it is {named(given)}, and a section is a mapping of settings.",
        follows="The hub does not start.",
        remedy="Write the class's settings below its name.",
    )


def _unread(path: str, section: str, rival: str) -> Finding:
    return Finding(
        path=path,
        rule="T7",
        severity="warning",
        what=f"the hub uses {rival}, which is no {section}.",
        follows="Nothing reads this section.",
        remedy=f"Move it below {rival} or a base of it, or name the other class in hub.config.JupyterHub.",
    )


def _setting(path: str, owner: str, name: str, value: Any, catalogue: Catalogue) -> Iterator[Finding]:  # noqa: ANN401
    trait, notice = catalogue.trait(owner, name), catalogue.notice(owner, name)
    if trait is None and notice:
        trait = catalogue.trait(owner, notice.use)
    if trait is None:
        yield _unknown(path, owner, name, catalogue)
        return
    if not fits(value, trait):
        yield Finding(
            path=path,
            rule="T4",
            what=f"it is {named(value)}, and takes {expected(trait)}.",
            follows=f"{_fails(owner, catalogue)}, or it takes the value for another.",
            remedy="Write a value of that kind.",
        )
    if notice and value != trait.default:
        yield deprecated.leaving(path, notice)


def _fails(owner: str, catalogue: Catalogue) -> str:
    return "No server starts" if "Spawner" in catalogue.lineage(owner) else "The hub does not start"


def _unknown(path: str, owner: str, name: str, catalogue: Catalogue) -> Finding:
    if catalogue.is_fixed(owner, name):
        return Finding(
            path=path,
            rule="T3",
            what=f"{name} of {owner} is read from no configuration.",
            follows=IGNORED,
            remedy="Leave it out.",
        )
    others = catalogue.holders(name)
    elsewhere = f"{', '.join(others)} ha{'ve' if len(others) > 1 else 's'} one. " if others else ""
    return Finding(
        path=path,
        rule="T2",
        what=f"{owner} has no setting {name} in {versions(catalogue)}.",
        follows=IGNORED,
        remedy=f"{suggestion(name, catalogue.settings(owner))}{elsewhere}"
        "Correct the name, or use a hub image whose packages have it.",
    )


def versions(catalogue: Catalogue) -> str:
    """Name the packages that define what a hub can be configured with."""
    shown = ("jupyterhub", "oauthenticator", "jupyterhub-kubespawner")
    return ", ".join(f"{name} {catalogue.packages[name]}" for name in shown)
