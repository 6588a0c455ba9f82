"""A stack file: its text, its data, the settings in it. Whatever it holds ends in settings or in words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from settings.document import Refused, Settings, read
from settings.flat import DOCUMENT, PROJECT, misplaced

KEY = f"{PROJECT}:{DOCUMENT}"
# A stack file has some hundred values, ten deep. Far more of either is an anchor inside of what it names.
_DEEPEST, _MOST = 100, 100_000
# What is written as an escape may be half of a pair, which no file and no screen takes.
_HALF = re.compile("[\ud800-\udfff]")
# Not a single character, nor the parser's own names such as '<block end>'. A password may begin with ! or *.
_QUOTED = re.compile(r"""(['"])(?!<|\\.\1).{2,}\1""")


class Unreadable(Exception):
    """Why there is nothing to read; in no words of the file's own, which could be a secret."""

    def __init__(self, what: str, line: int = 1, column: int = 1) -> None:
        super().__init__(what)
        self.line, self.column = line, column


class _Loader(yaml.SafeLoader):
    """Tells where a value stands that is none: Python's own errors for a 13th month know no line."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            words = "a number or a day that there is not"
            raise ConstructorError(None, None, words, node.start_mark) from error


def text_of(place: Path) -> str:
    """Read a file as text."""
    try:
        return place.read_text(encoding="utf-8")
    except OSError as error:
        raise Unreadable(f"it cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Unreadable("it is no text in UTF-8.") from error


def data_of(text: str) -> Any:  # noqa: ANN401 -- any YAML
    """Give the data in a text."""
    try:
        # A safe loader, made of the safe one.
        whole = yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.YAMLError as error:
        raise _no_yaml(error, text) from error
    except RecursionError as error:
        raise _endless() from error
    _refuse_what_has_no_end(whole)
    return whole


def _refuse_what_has_no_end(whole: object) -> None:
    waiting, count = [(whole, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > _DEEPEST or count > _MOST:
            raise _endless()
        if isinstance(value, str) and _HALF.search(value):
            raise Unreadable("this is no YAML: half a character.")
        if isinstance(value, dict):
            waiting += [(one, depth + 1) for one in (*value, *value.values())]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]


def _no_yaml(error: yaml.YAMLError, text: str) -> Unreadable:
    # Words of the parser alone: its excerpt of the line could hold a secret, and so could what it quotes.
    if mark := getattr(error, "problem_mark", None):
        what = _QUOTED.sub("...", getattr(error, "problem", None) or "it ends too early")
        return Unreadable(f"this is no YAML: {what}.", mark.line + 1, mark.column + 1)
    before = text[: getattr(error, "position", 0)]
    return Unreadable("this is no YAML: a character that no text has.", before.count("\n") + 1)


def _endless() -> Unreadable:
    return Unreadable("a part of it stands inside itself, or far too deep.")


def config_of(whole: object) -> dict[str, Any]:
    """Give the section `config` of a stack file's data."""
    if not isinstance(whole, dict) or not isinstance(config := whole.get("config"), dict):
        raise Unreadable("it has no section `config`.")
    return {str(key): value for key, value in config.items()}


def encrypted(config: Mapping[str, Any]) -> frozenset[str]:
    """Name the keys that hold an encrypted value, at any depth: Pulumi makes a secret of the whole key."""
    return frozenset(key for key, value in config.items() if _has_secure(value))


def _has_secure(value: object) -> bool:
    if isinstance(value, dict):
        alone = set(value) == {"secure"} and isinstance(value["secure"], str)
        return alone or any(map(_has_secure, value.values()))
    return isinstance(value, list) and any(map(_has_secure, value))


def document_of(config: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- any YAML
    """Give the document of settings in a section `config`, as it stands there."""
    if config.get(KEY) is None:
        raise Unreadable(f"it has no `config: {KEY}:`.")
    return config[KEY]


def settings_of(config: Mapping[str, Any], today: date) -> Settings:
    """Give the settings in a section `config`, or raise Refused with every finding."""
    if KEY in encrypted(config):
        # It is not even read: a finding about its shape could repeat the secret.
        raise Refused(list(misplaced({KEY}, {KEY})))
    return read(document_of(config), today)
