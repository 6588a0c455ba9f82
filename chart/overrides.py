"""What a profile changes in the spawner: kubespawner sets any attribute it is told to, known or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from chart.catalogue import Catalogue, Trait
from chart.catalogue.kinds import expected, fits, named
from chart.deprecated import leaving
from chart.hubconfig import mapping
from chart.merge import Values
from settings.finding import Finding

RULES = {
    "T8": "A profile overrides settings of KubeSpawner, with values of their kinds.",
    "T9": "The keys that kubespawner reads in a profile are spelt as it reads them.",
}
SPAWNER = "KubeSpawner"
OVERRIDE = "kubespawner_override"
PROFILE = ("default", "description", "display_name", OVERRIDE, "profile_options", "slug")
OPTION = ("choices", "display_name", "unlisted_choice")
CHOICE = ("default", "display_name", OVERRIDE)
UNLISTED = (
    "display_name",
    "display_name_in_choices",
    "enabled",
    OVERRIDE,
    "validation_message",
    "validation_regex",
)
# What the user wrote comes in its place.
BLANK = "{value}"
Placed = tuple[str, Mapping[str, Any], tuple[str, ...]]


def findings(values: Values, catalogue: Catalogue) -> Iterator[Finding]:
    """Check every profile's keys and what it overrides."""
    for path, given, known in _places(values):
        yield from _misspelt(path, given, known)
        if OVERRIDE in given:
            yield from _override(f"{path}.{OVERRIDE}", given[OVERRIDE], catalogue)


def _places(values: Values) -> Iterator[Placed]:
    singleuser = mapping(values.get("singleuser"))
    spawner = mapping(mapping(mapping(values.get("hub")).get("config")).get(SPAWNER))
    for path, profiles in (
        ("values.singleuser.profileList", singleuser.get("profileList")),
        (f"values.hub.config.{SPAWNER}.profile_list", spawner.get("profile_list")),
    ):
        for index, profile in enumerate(profiles if isinstance(profiles, list) else ()):
            yield from _profile(f"{path}[{index}]", mapping(profile))


def _profile(path: str, profile: Mapping[str, Any]) -> Iterator[Placed]:
    yield path, profile, PROFILE
    for name, option in mapping(profile.get("profile_options")).items():
        at = f"{path}.profile_options.{name}"
        yield at, mapping(option), OPTION
        for key, choice in mapping(mapping(option).get("choices")).items():
            yield f"{at}.choices.{key}", mapping(choice), CHOICE
        yield f"{at}.unlisted_choice", mapping(mapping(option).get("unlisted_choice")), UNLISTED


def _misspelt(path: str, given: Mapping[str, Any], known: tuple[str, ...]) -> Iterator[Finding]:
    # Other keys are free: a form or a hook of one's own may read them.
    for key in given.keys() - set(known):
        if near := get_close_matches(key, known, n=1, cutoff=0.8):
            yield Finding(
                path=f"{path}.{key}",
                rule="T9",
                what=f"kubespawner reads {near[0]}, and nothing reads {key}.",
                follows="The profile is offered, and a server started with it is as if this were not here.",
                remedy=f"Write {near[0]}.",
            )


def _override(path: str, given: object, catalogue: Catalogue) -> Iterator[Finding]:
    if not isinstance(given, Mapping):
        yield _wrong(path, f"it is {named(given)}, and takes a mapping of settings.")
        return
    for name, value in sorted(given.items()):
        at = f"{path}.{name}"
        notice = catalogue.notice(SPAWNER, name)
        known = notice.use if notice and notice.use else name
        trait = catalogue.trait(SPAWNER, name) or catalogue.trait(SPAWNER, known)
        if trait is None:
            yield _unknown(at, name, catalogue)
        elif not _taken(value, trait):
            yield _wrong(at, f"it is {named(value)}, and takes {expected(trait)}.")
        if notice and trait:
            yield leaving(at, notice)


def _taken(value: object, trait: Trait) -> bool:
    return (isinstance(value, str) and BLANK in value) or fits(value, trait)


def _unknown(path: str, name: str, catalogue: Catalogue) -> Finding:
    near = get_close_matches(name, sorted(catalogue.settings(SPAWNER)), n=1, cutoff=0.7)
    return Finding(
        path=path,
        rule="T8",
        what=f"{SPAWNER} {catalogue.packages['jupyterhub-kubespawner']} has no setting {name}.",
        follows="A mapping fails each start with this profile; anything else is stored and never read.",
        remedy=f"Did you mean {near[0]}?" if near else "Leave it out, or override a setting of the spawner.",
    )


def _wrong(path: str, what: str) -> Finding:
    return Finding(
        path=path,
        rule="T8",
        what=what,
        follows="The profile is offered, and no server starts with it.",
        remedy="Write a value of that kind.",
    )
