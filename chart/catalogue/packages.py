"""Reads the hub's own packages and writes what can be configured in them; runs where they are installed.

Not imported by the program, and importing nothing of it: `make.py` runs this file with the Python of an
environment that holds the hub image's packages.
"""

from __future__ import annotations

import importlib
import json
import math
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Any

# What traitlets makes is known only where it is installed.
Cls = Any
Trait = Any
Json = Any

NAMED = (
    "jupyterhub",
    "jupyterhub-idle-culler",
    "jupyterhub-kubespawner",
    "jupyter-events",
    "oauthenticator",
    "traitlets",
)
MODULES = (
    "jupyterhub.app",
    "jupyterhub.auth",
    "jupyterhub.authenticators.shared",
    "jupyterhub.crypto",
    "jupyterhub.metrics",
    "jupyterhub.proxy",
    "jupyterhub.spawner",
    "jupyter_events.logger",
    "kubespawner",
    "oauthenticator.oauth2",
)
GROUPS = {
    "authenticator_class": "jupyterhub.authenticators",
    "proxy_class": "jupyterhub.proxies",
    "spawner_class": "jupyterhub.spawners",
}
# Roots without a setting of their own, and classes of other processes than the hub.
ELSEWHERE = (
    "Configurable",
    "LoggingConfigurable",
    "SingletonConfigurable",
    "HubAuth",
    "HubOAuth",
    "NewToken",
    "UpgradeDB",
    "Service",
)
KINDS = {
    "Any": "any",
    "Bool": "bool",
    "Bytes": "instance",
    "ByteSpecification": "bytes",
    "CUnicode": "any",
    "CaselessStrEnum": "caseless",
    "Callable": "callable",
    "Command": "command",
    "Dict": "dict",
    "Enum": "enum",
    "Float": "float",
    "Handlers": "instance",
    "Instance": "instance",
    "Int": "int",
    "List": "list",
    "Set": "set",
    "Tuple": "tuple",
    "Type": "class",
    "Unicode": "str",
    "Union": "union",
}
ALIASES = ("_deprecated_aliases", "_deprecated_oauth_aliases", "_deprecated_traits")
PLAIN = (bool, int, float, str, type(None))
NO_DATA = object()


def catalogue() -> Json:
    """Write down every class of the hub that takes settings, and the names that classes go by."""
    names, lacking = entry_points()
    classes = {cls.__name__: cls for cls in configurable()}
    return {
        "packages": {name: metadata.version(name) for name in NAMED},
        "names": names,
        "lacking": lacking,
        "classes": {name: described(cls, classes) for name, cls in sorted(classes.items())},
    }


def entry_points() -> tuple[Json, Json]:
    """Load the classes that go by a short name, and say which cannot be loaded for want of a module."""
    names: Json = {setting: {} for setting in GROUPS}
    lacking: Json = {}
    for setting, group in GROUPS.items():
        for entry in sorted(metadata.entry_points(group=group)):
            try:
                names[setting][entry.name.lower()] = entry.load().__name__
            except ModuleNotFoundError as missing:
                lacking[entry.name.lower()] = missing.name
    return names, lacking


def configurable() -> list[Cls]:
    """Give all classes that the hub's process can configure."""
    for module in MODULES:
        importlib.import_module(module)
    root = importlib.import_module("traitlets.config").Configurable
    return [cls for cls in set(below(root)) if not cls.__name__.startswith("_")]


def below(cls: Cls) -> Iterator[Cls]:
    """Give every class below one that lives in the hub."""
    for sub in cls.__subclasses__():
        if sub.__name__ not in ELSEWHERE:
            yield sub
        yield from below(sub)


def described(cls: Cls, classes: dict[str, Cls]) -> Json:
    """Write down one class: what it adds to its bases, and where it departs from them."""
    bases: list[Cls] = [base for base in cls.__mro__[1:] if classes.get(base.__name__) is base]
    own = cls.class_own_traits()
    inherited = {name for base in bases for name in base.class_own_traits(config=True)}
    written = {
        "module": cls.__module__,
        "bases": [base.__name__ for base in bases],
        "traits": {name: trait(own[name]) for name in sorted(own) if own[name].metadata.get("config")},
        "fixed": [name for name in sorted(own) if not own[name].metadata.get("config") and name[0] != "_"],
        # An attribute in the place of a base's trait: its setting is not read.
        "hidden": sorted(inherited - set(cls.class_traits(config=True))),
        "deprecated": deprecated(cls, classes),
        "defaults": departures(cls, bases),
    }
    return {key: value for key, value in written.items() if value}


def trait(it: Trait) -> Json:
    """Write down one trait."""
    default = plain(it.default())
    written = {
        "kind": kind(it),
        "none": True if it.allow_none else None,
        "values": list(getattr(it, "values", None) or ()) or None,
        "least": bound(it, "min", "_minlen"),
        "most": bound(it, "max", "_maxlen"),
        "each": element(it),
        "either": [trait(one) for one in it.trait_types] if kind(it) == "union" else None,
        "default": None if default is NO_DATA else default,
    }
    return {key: value for key, value in written.items() if value is not None}


def kind(it: Trait) -> str:
    """Name a trait's kind by the first of its classes that we know; of any other, any value may do."""
    return next((KINDS[cls.__name__] for cls in type(it).__mro__ if cls.__name__ in KINDS), "any")


def bound(it: Trait, of_number: str, of_length: str) -> Json:
    """Give a bound of a number or of a length, where there is one."""
    number, length = getattr(it, of_number, None), getattr(it, of_length, None)
    if number is not None and math.isfinite(number):
        return number
    return length if length not in (0, sys.maxsize) else None


def element(it: Trait) -> Json:
    """Write down what a list, a set or a dict holds, where it says so."""
    held = getattr(it, "_trait", None) or getattr(it, "_value_trait", None)
    if held is None or kind(held) == "any":
        return None
    return {key: value for key, value in trait(held).items() if key != "default"}


def plain(value: object) -> Json:
    """Give a value as plain data; a path of this very environment is none."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        items = [plain(item) for item in value]
        return NO_DATA if NO_DATA in items else items
    if isinstance(value, dict):
        pairs = {key: plain(item) for key, item in value.items()}
        return NO_DATA if NO_DATA in pairs.values() else pairs
    if isinstance(value, type):
        return f"{value.__module__}.{value.__name__}"
    return value if isinstance(value, PLAIN) and sys.prefix not in str(value) else NO_DATA


def departures(cls: Cls, bases: list[Cls]) -> Json:
    """Give the computed defaults in which an authenticator differs from its bases."""
    inherited: Json = {}
    for base in reversed(bases):
        inherited |= computed(base)
    return {name: value for name, value in computed(cls).items() if inherited.get(name, NO_DATA) != value}


@cache
def computed(cls: Cls) -> Json:
    """Give the defaults that an authenticator computes instead of writing them at the trait."""
    if not any(base.__name__ == "Authenticator" for base in cls.__mro__):
        return {}
    made, found = cls(), {}
    for name, it in sorted(cls.class_traits(config=True).items()):
        # A default that cannot be computed belongs to a setting that must be given.
        with suppress(Exception):
            value = plain(getattr(made, name))
            if value is not NO_DATA and value != plain(it.default()):
                found[name] = value
    return found


def deprecated(cls: Cls, classes: dict[str, Cls]) -> Json:
    """Give the names that a class takes for the sake of old files only, or no longer at all."""
    told = {
        name: notice
        for name, it in cls.class_own_traits(config=True).items()
        if (notice := by_help(it.help or "", cls, classes))
    }
    return dict(sorted({**told, **by_alias(cls)}.items()))


def by_alias(cls: Cls) -> Json:
    """Read the tables of old names: (new name, since, whether the value is carried over)."""
    found: Json = {}
    for table in (vars(cls).get(name, {}) for name in ALIASES):
        for old, (new, since, *carried) in table.items():
            # kubespawner's table has two names run into one, which lead nowhere.
            if new in table or new in cls.class_traits(config=True):
                found[old] = {"since": since, "use": new} | ({"refused": True} if carried == [False] else {})
    return found


def by_help(text: str, cls: Cls, classes: dict[str, Cls]) -> Json:
    """Read what a trait's help says of its own end."""
    said = re.search(
        r"^\s*(\.\. deprecated::|\.\. versionremoved::|(pending )?deprecat\w+)", text, re.I | re.M
    )
    if not said:
        return None
    rest = text[said.start() :]
    notice: Json = {}
    if since := re.search(r"(?:deprecated::|removed::|since version|since|in|in \w+) (\d+(?:\.\d+)+)", rest):
        notice["since"] = since[1]
    named = re.findall(r"\buse\s+(?::attr:)?[`.]*(?:c\.)?((?:\w+\.)?\w+)", rest, re.I)
    if use := next((name for name in named if is_known(name, cls, classes)), None):
        notice["use"] = use
    return notice or {"since": ""}


def is_known(name: str, cls: Cls, classes: dict[str, Cls]) -> bool:
    """Tell a trait or a class from a word of the sentence."""
    owner, _, own = name.rpartition(".")
    holder = classes.get(owner) if owner else cls
    return name in classes or (holder is not None and own in holder.class_traits(config=True))


def as_text(value: Json, depth: int = 4) -> str:
    """Write JSON with one trait on a line, so that a change of version reads well."""
    if depth == 0 or not isinstance(value, dict):
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    indent = " " * (5 - depth)
    items = [f"{indent}{json.dumps(key)}: {as_text(value[key], depth - 1)}" for key in sorted(value)]
    return "{\n" + ",\n".join(items) + "\n" + indent[1:] + "}"


if __name__ == "__main__":
    sys.stdout.write(as_text(catalogue()) + "\n")
