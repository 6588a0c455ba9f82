"""What can be configured in a version of the hub: data made from the real packages, and how it is read.

The program imports neither jupyterhub nor oauthenticator nor kubespawner: it could not import those of
the hub image of every stack. `make.py` writes the data; docs/hub-traits.md says when.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from settings.finding import Finding

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, kw_only=True)
class Trait:
    """One setting of a class: the kind of its value, and the bounds of it."""

    kind: str
    none: bool = False
    values: tuple[str | int, ...] = ()
    least: int | None = None
    most: int | None = None
    each: Trait | None = None
    """What a list, a set or a dict holds; anything where it does not say."""
    either: tuple[Trait, ...] = ()
    default: Any = None


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A name that is on its way out."""

    since: str = ""
    use: str = ""
    refused: bool = False
    """The hub does not start with it, instead of carrying the value over."""


@dataclass(frozen=True, kw_only=True)
class Class:
    """A class of the hub, with what it adds to its bases."""

    module: str
    bases: tuple[str, ...] = ()
    """All of them, nearest first: a section named like any of them applies."""
    traits: Mapping[str, Trait] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    """Attributes that look like settings, and are read from no configuration."""
    hidden: tuple[str, ...] = ()
    """A base's settings that this class has put something else in the place of."""
    deprecated: Mapping[str, Notice] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Everything that can be configured in one version of the hub."""

    version: str
    packages: Mapping[str, str]
    classes: Mapping[str, Class]
    names: Mapping[str, Mapping[str, str]]
    """For `authenticator_class` and its like: the class behind each short name."""
    lacking: Mapping[str, str]
    """Short names whose class cannot be loaded in the hub image, and the module that it lacks."""

    def lineage(self, name: str) -> list[str]:
        """Give a class and its bases, nearest first."""
        return [name, *self.classes[name].bases]

    def trait(self, owner: str, name: str) -> Trait | None:
        """Find a setting in a class or its bases."""
        for cls in (self.classes[place] for place in self.lineage(owner)):
            if name in cls.traits:
                return cls.traits[name]
            if name in cls.hidden or name in cls.fixed:
                return None
        return None

    def settings(self, owner: str) -> set[str]:
        """Give all settings of a class."""
        known = {name for place in self.lineage(owner) for name in self.classes[place].traits}
        return {name for name in known if self.trait(owner, name)}

    def notice(self, owner: str, name: str) -> Notice | None:
        """Say whether a name of a class is on its way out."""
        told = (self.classes[place].deprecated.get(name) for place in self.lineage(owner))
        return next((notice for notice in told if notice), None)

    def is_fixed(self, owner: str, name: str) -> bool:
        """Say whether a class has an attribute of this name that is no setting."""
        return any(name in (*self.classes[at].fixed, *self.classes[at].hidden) for at in self.lineage(owner))

    def default(self, owner: str, name: str) -> Any:  # noqa: ANN401 -- plain data
        """Give the value that a setting has when nobody gives one; None where it is no plain data."""
        computed = [self.classes[at].defaults for at in self.lineage(owner)]
        found = self.trait(owner, name)
        return next((of[name] for of in computed if name in of), found.default if found else None)

    def holders(self, name: str) -> list[str]:
        """Give the classes that bring a setting of this name themselves."""
        return sorted(cls for cls, of in self.classes.items() if name in of.traits)


class NoCatalogue(Exception):
    """There is no catalogue of this version; holds the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


def versions() -> list[str]:
    """Give the versions of jupyterhub that there is a catalogue of."""
    return sorted(place.stem for place in HERE.glob("*.json"))


@cache
def load(version: str) -> Catalogue:
    """Read the catalogue of a version of jupyterhub, or raise NoCatalogue."""
    if version not in versions():
        raise NoCatalogue(
            Finding(
                path="settings.hub.version",
                rule="T0",
                what=f"there is no catalogue of jupyterhub {version}, but of: {', '.join(versions())}.",
                follows="Nobody can tell whether that hub knows the settings it is given. What an older one "
                "does not know it ignores without a word: with oauthenticator 15, that let everyone in.",
                remedy="Name the version that the hub image has, or pin this one in "
                "images/hub/requirements.txt and run `make catalogue` (docs/hub-traits.md).",
            )
        )
    return read(json.loads((HERE / f"{version}.json").read_text()))


def read(data: Mapping[str, Any]) -> Catalogue:
    """Read a catalogue's data."""
    return Catalogue(
        version=data["packages"]["jupyterhub"],
        packages=data["packages"],
        classes={name: _class(of) for name, of in data["classes"].items()},
        names=data["names"],
        lacking=data["lacking"],
    )


def _class(data: Mapping[str, Any]) -> Class:
    return Class(
        module=data["module"],
        bases=tuple(data.get("bases", ())),
        traits={name: _trait(of) for name, of in data.get("traits", {}).items()},
        fixed=tuple(data.get("fixed", ())),
        hidden=tuple(data.get("hidden", ())),
        deprecated={name: Notice(**of) for name, of in data.get("deprecated", {}).items()},
        defaults=data.get("defaults", {}),
    )


def _trait(data: Mapping[str, Any]) -> Trait:
    nested: dict[str, Any] = {
        "values": tuple(data.get("values", ())),
        "either": tuple(_trait(one) for one in data.get("either", ())),
        "each": _trait(data["each"]) if "each" in data else None,
    }
    return Trait(**{**data, **nested})
