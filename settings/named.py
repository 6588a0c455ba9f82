"""Secrets that a stack brings under the names that its settings give them: one JSON text, judged as a whole.

No finding repeats a word of it: whoever swaps a name and a value has put a secret where a name belongs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from settings.document import Settings
from settings.referred import REGISTRY_KEY, Referred, of_users

Content = Mapping[str, str]
_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parsed(text: str) -> Mapping[str, Content] | None:
    """Read the text: an object of objects of texts, none of them empty; None when it is none."""
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return whole if _is_texts_by_key_by_name(whole) else None


def _is_texts_by_key_by_name(whole: object) -> bool:
    return isinstance(whole, dict) and bool(whole) and all(_is_content(content) for content in whole.values())


def _is_content(content: object) -> bool:
    return (
        isinstance(content, dict)
        and bool(content)
        and all(_KEY.fullmatch(key) and _is_text(value) for key, value in content.items())
    )


def _is_text(value: object) -> bool:
    """Take what can be written as UTF-8: JSON can spell half a character, at which others stop."""
    return isinstance(value, str) and value != "" and not re.search("[\ud800-\udfff]", value)


def fault(text: str, settings: Settings) -> str | None:
    """Say what is wrong with it, or nothing."""
    whole = parsed(text)
    if whole is None:
        return 'it is not JSON of the form {"name of a Secret": {"key": "value"}}, with no part empty'
    wanted = {one.name: one for one in of_users(settings)}
    if unknown := [at for at, name in enumerate(whole, start=1) if name not in wanted]:
        known = ", ".join(wanted)
        return f"no setting names the {_ordinals(unknown)} of its {len(whole)} Secrets; they name {known}"
    return next((what for name, content in whole.items() for what in _unfit(wanted[name], content)), None)


def _ordinals(places: list[int]) -> str:
    return ", ".join(f"{place}." for place in places)


def _unfit(wanted: Referred, content: Content) -> Iterator[str]:
    """Look whether a Secret holds what those who read it look for. Its name is the settings' own."""
    if missing := [key for key in wanted.keys if key not in content]:
        yield f"the Secret {wanted.name} has no key {' and no key '.join(missing)}"
    elif wanted.registry and not _signs_in(content[REGISTRY_KEY]):
        yield f'{REGISTRY_KEY} of the Secret {wanted.name} is not JSON text with "auths", as Docker writes it'
    elif wanted.open and not all(_VARIABLE.fullmatch(key) for key in content):
        yield f"a key of the Secret {wanted.name} is no name of a variable, as which users would get it"
    elif not wanted.open and len(content) > len(wanted.keys):
        yield f"the Secret {wanted.name} has keys beside {', '.join(wanted.keys)}, which nobody reads"


def _signs_in(text: str) -> bool:
    try:
        config: Any = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(config, dict) and isinstance(config.get("auths"), dict) and bool(config["auths"])
