"""What stands in an output in place of what only a deployment knows: secrets, and names that Pulumi makes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pulumi

from settings import Settings
from settings.door import PfxTls
from settings.flat import PROJECT, needed
from settings.load import Brought
from settings.referred import Referred, of_users

CREDENTIALS_DIGEST = "<made at deployment: digest of the credentials>"
ANOTHER_EACH_TIME = "<made by the chart: another each time>"
_FORM = re.compile(r"<(?:secret|name|made at deployment): [^<>]*>")

# No certificate ends on this day, so its seconds stand for nothing else.
_LAST_DAY = date(9999, 12, 31)
_LAST_SECOND = str(int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()))
_CERTIFICATE_ENDS = "<made at deployment: end of the certificate, in seconds>"

_OWN_FIELDS = {"tlsCert", "tlsKey", "tlsPfx", "tlsPfxPassword", "sharedPassword", "adminPassword"}


def secret(key: str) -> str:
    """Stand for a secret of Pulumi's config."""
    return f"<secret: {PROJECT}:{key}>"


def generated(name: str) -> str:
    """Stand for a secret that the stack generates, by the name that it has in the stack."""
    return f"<secret: generated as {name}>"


def auto_named(name: str) -> str:
    """Stand for a name to which Pulumi adds eight digits of its own."""
    return f"<name: {name}-...>"


def bringing(settings: Settings, *, named: bool) -> Callable[[], Brought]:
    """Give what makes every secret that the settings want, each with its reference as its value.

    `named`: the stack's config has `namedSecrets`; which of them it holds is encrypted, so all that may be.
    """
    wanted = {row.key for row in needed(settings)}
    certificate, key = ("tlsPfx", "tlsPfx") if isinstance(settings.tls, PfxTls) else ("tlsCert", "tlsKey")

    def bring() -> Brought:
        def hidden(name: str, wants: str | None = None) -> pulumi.Output[str] | None:
            return pulumi.Output.secret(secret(name)) if (wants or name) in wanted else None

        return Brought(
            tls_cert=hidden(certificate),
            tls_key=hidden(key),
            tls_expires=_LAST_DAY if certificate in wanted else None,
            shared_password=hidden("sharedPassword"),
            admin_password=hidden("adminPassword"),
            further={one: pulumi.Output.secret(secret(one)) for one in wanted - _OWN_FIELDS},
            named={one.name: _content(one) for one in of_users(settings)} if named else {},
        )

    return bring


def _content(one: Referred) -> dict[str, pulumi.Output[str]]:
    # Where any key has a meaning, only the secret itself says which there are.
    keys = one.keys or ("every-key-of-it",)
    return {key: pulumi.Output.secret(secret(f"namedSecrets {one.name} {key}")) for key in keys}


def opened(tree: Any) -> Any:  # noqa: ANN401 -- JSON
    """Take the marks of secrets off what was registered with references in place of secrets."""
    if isinstance(tree, dict):
        if _MARK in tree:
            return opened(tree["value"])
        return {name: opened(below) for name, below in tree.items()}
    if isinstance(tree, list):
        return [opened(item) for item in tree]
    if isinstance(tree, str):
        return tree.replace(_LAST_SECOND, _CERTIFICATE_ENDS)
    # Numbers arrive as the protocol has them.
    return int(tree) if isinstance(tree, float) and tree.is_integer() else tree


_MARK = "4dabf18193072939515e22adb298388d"
"""The key by which Pulumi marks a value as a special one, such as a secret."""


@dataclass
class Tokens:
    """Words in place of references, for tools that would stumble over blanks and colons, and the way back.

    A word is 64 hexadecimal digits: a name, a label and a key alike, the same in every run.
    """

    _meant: dict[str, str] = field(default_factory=dict)

    def hide(self, tree: Any) -> Any:  # noqa: ANN401 -- JSON
        """Put a word in the place of each reference."""
        return _mapped(tree, lambda text: _FORM.sub(self._word, text))

    def show(self, tree: Any) -> Any:  # noqa: ANN401 -- JSON
        """Put the references back."""
        return _mapped(tree, self._shown)

    def _word(self, reference: re.Match[str]) -> str:
        word = hashlib.sha256(reference[0].encode()).hexdigest()
        self._meant[word] = reference[0]
        return word

    def _shown(self, text: str) -> str:
        for word, reference in self._meant.items():
            text = text.replace(word, reference)
        return text


def _mapped(tree: Any, change: Callable[[str], str]) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(tree, dict):
        return {change(name): _mapped(below, change) for name, below in tree.items()}
    if isinstance(tree, list):
        return [_mapped(item, change) for item in tree]
    return change(tree) if isinstance(tree, str) else tree
