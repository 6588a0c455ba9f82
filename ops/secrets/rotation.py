"""A new generation of what machines make: the number to raise in the stack file, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ops import yaml_text
from settings import Settings
from settings.auth import SharedPassword
from settings.secrets import FromConfig, FromOutside
from settings.stack_file import KEY

_SECRETS = ("config", KEY, "secrets")
_HUB_ONCE = "The hub restarts once; nobody is signed out, and servers go on."
_URN = (
    "urn:pulumi:{stack}::jupyterhub::jupyterhub:components:Credentials"
    "$random:index/randomPassword:RandomPassword::{name}"
)


def _always(_settings: Settings) -> bool:
    return True


def _has_passwords(settings: Settings) -> bool:
    return isinstance(settings.auth, SharedPassword) and not isinstance(settings.secrets, FromConfig)


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """One number of the settings: where it stands, when it counts, what a higher one does."""

    path: tuple[str, ...]
    follows: str
    counts: Callable[[Settings], bool] = _always
    when: str = ""
    """In words, what `counts` asks."""
    objects: Callable[[Settings], tuple[str, ...]] = lambda _: ()
    """What the state calls the secrets of a generation, before the number."""


def _passwords(settings: Settings) -> tuple[str, ...]:
    by_password = settings.auth if isinstance(settings.auth, SharedPassword) else None
    return ("shared-password", *(("admin-password",) if by_password and by_password.administrators else ()))


TABLE: Mapping[str, Rotated] = {
    "proxyToken": Rotated(
        path=("generations", "proxyToken"),
        follows="Hub and proxy restart once; connections break for the seconds that the proxy is away.",
        objects=lambda _: ("proxy-token",),
    ),
    "cookieSecret": Rotated(
        path=("generations", "cookieSecret"),
        follows="The hub restarts once, and everybody is signed out; servers go on.",
        objects=lambda _: ("cookie-secret",),
    ),
    "cryptKeys": Rotated(
        path=("generations", "cryptKeys"),
        follows=f"{_HUB_ONCE} Older keys still decrypt: take them out of the list after 14 days.",
    ),
    "serviceTokens": Rotated(
        path=("generations", "serviceTokens"),
        follows=_HUB_ONCE,
        counts=lambda settings: bool(settings.monitoring.services),
        when="monitoring.metrics or monitoring.smoke is on",
        objects=lambda settings: tuple(f"token-{name}" for name in settings.monitoring.services),
    ),
    "passwords": Rotated(
        path=("generations", "passwords"),
        follows="The hub restarts once; the next sign-in wants the new password, and sessions go on.",
        counts=_has_passwords,
        when="passwords of auth.provider: sharedPassword are generated",
        objects=_passwords,
    ),
    "generation": Rotated(
        path=("generation",),
        follows="What store or cluster have now is read anew: the hub restarts once, connectors too.",
        counts=lambda settings: isinstance(settings.secrets, FromOutside),
        when="secrets.source is externalSecrets or cluster",
    ),
}


class NotHere(Exception):
    """Why nothing is rotated, for a person."""


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The edit of one number."""

    setting: str
    before: Any
    after: Any
    text: str
    """The whole stack file after it."""
    follows: str
    unprotect: tuple[str, ...]
    """Commands that let the old secrets go, where the stack protects them."""


def rotate(name: str, stack: str, settings: Settings, text: str) -> Rotation:
    """Write the next generation into a stack file's text."""
    one = _chosen(name, stack, settings)
    path = (*_SECRETS, *one.path)
    before = _now(one, settings)
    after = [max(before) + 1, *before] if isinstance(before, list) else before + 1
    setting = ".".join(("settings.secrets", *one.path))
    try:
        edited = yaml_text.edited(text, {path: after})
    except yaml_text.Unclear as reason:
        raise NotHere(
            f"The stack file is left as it is. {reason}\n    What to do:   write {setting}: {after} by hand."
        ) from reason
    return Rotation(
        setting=setting,
        before=before,
        after=after,
        text=edited,
        follows=one.follows,
        unprotect=_unprotect(one, stack, settings, before),
    )


def _chosen(name: str, stack: str, settings: Settings) -> Rotated:
    one = TABLE.get(name)
    if one is None:
        raise NotHere(
            f"Nothing made here is called {name}. One of: {', '.join(TABLE)}.\n"
            f"    What people bring is renewed by setting it: bin/ops secrets {stack}"
        )
    if not one.counts(settings):
        raise NotHere(
            f"{name} means nothing for {stack}: it counts where {one.when}.\n"
            f"    What to do:   see what the stack has: bin/ops secrets {stack}"
        )
    return one


def _now(one: Rotated, settings: Settings) -> Any:  # noqa: ANN401 -- a number, or a list of them
    here: Any = settings.secrets.model_dump(by_alias=True)
    for part in one.path:
        here = here[part]
    return list(here) if isinstance(here, tuple | list) else here


def _unprotect(one: Rotated, stack: str, settings: Settings, before: object) -> tuple[str, ...]:
    if not settings.protection.protect:
        return ()
    urns = [_URN.format(stack=stack, name=f"{name}-{before}") for name in one.objects(settings)]
    return tuple(f"pulumi state unprotect --stack {stack} '{urn}'" for urn in urns)
