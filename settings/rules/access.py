"""Rules about who gets in, and over what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from settings.auth import SharedPassword
from settings.door import BroughtTls, Door, NoIngress, NoTls, encrypted
from settings.finding import Finding
from settings.section import Section

# Names that the public DNS never resolves: a shared password must not stand on anybody's internet.
_PRIVATE = ("localhost", "internal", "test", "local", "home.arpa", "lan")


def _is_private(host: str) -> bool:
    return host.endswith(tuple(f".{suffix}" for suffix in _PRIVATE))


def shared_password_stays_private(auth: SharedPassword, ingress: Door) -> Iterator[Finding]:
    """Refuse a shared password on a host that may be public."""
    if not _is_private(ingress.host):
        yield Finding(
            path="settings.ingress.host",
            rule="D13",
            what=f"{ingress.host} may be reached from outside, and sign-in is one shared password.",
            follows="Whoever learns or guesses the password runs code on the cluster and reads every home.",
            remedy="Use a sign-in with identities, or a host under "
            + ", ".join(f".{suffix}" for suffix in _PRIVATE)
            + ".",
        )


def shared_password_names_its_users(auth: SharedPassword) -> Iterator[Finding]:
    """Want one of: any name, or a list of names."""
    if auth.any_name == bool(auth.users):
        both = auth.any_name
        yield Finding(
            path="settings.auth.users",
            rule="D13",
            what="both anyName and users are given." if both else "neither anyName nor users is given.",
            follows="The list would have no effect." if both else "Nobody could sign in.",
            remedy="Give the list of users, or anyName: true, and not both.",
        )


def administrators_are_not_users(auth: SharedPassword) -> Iterator[Finding]:
    """Refuse a name that would have two passwords."""
    for name in auth.administrators:
        if name in auth.users:
            yield Finding(
                path="settings.auth.administrators",
                rule="D13",
                what=f"{name} is in both lists.",
                follows="The hub would refuse the shared password for this name: a tester is locked out.",
                remedy="Keep the name in one list; administrators sign in with their own password.",
            )


def shared_password_has_not_ended(auth: SharedPassword, today: date) -> Iterator[Finding]:
    """Refuse a test deployment that outlived its end."""
    if auth.expires and auth.expires <= today:
        yield Finding(
            path="settings.auth.expires",
            rule="D13",
            what=f"the shared password ended on {auth.expires}.",
            follows="A test deployment lives on with a password that many people know.",
            remedy="Move to a sign-in with identities, destroy the stack, or set a later day on purpose.",
        )


def passwords_travel_encrypted(ingress: Door, tls: Section) -> Iterator[Finding]:
    """Refuse plain HTTP beyond the machine itself."""
    if not encrypted(tls) and not ingress.host.endswith(".localhost"):
        yield Finding(
            path="settings.tls.termination",
            rule="D40",
            what=f"TLS ends nowhere for {ingress.host}.",
            follows="Passwords and cookies cross the network in plain text.",
            remedy="Say where it ends; nowhere is for hosts under .localhost.",
        )


def tls_ends_somewhere(ingress: Door, tls: Section) -> Iterator[Finding]:
    """Refuse a certificate that no ingress uses."""
    if isinstance(ingress, NoIngress) and not isinstance(tls, NoTls):
        yield Finding(
            path="settings.tls.termination",
            rule="D40",
            what="TLS ends at the ingress, and there is no ingress.",
            follows="The certificate would lie unused, and the URL would promise what is not there.",
            remedy="Name an ingress controller, or set tls.source to none.",
        )


def certificate_secret_has_its_own_name(tls: Section) -> Iterator[Finding]:
    """Refuse a TLS Secret whose name the chart takes for itself."""
    if isinstance(tls, BroughtTls) and tls.secret_name in ("hub", "singleuser"):
        yield Finding(
            path="settings.tls.secretName",
            rule="D15",
            what=f"the chart itself makes a Secret named {tls.secret_name}.",
            follows="Two owners would overwrite each other's Secret.",
            remedy="Choose another name, such as jupyterhub-tls.",
        )


RULES = (
    shared_password_stays_private,
    shared_password_names_its_users,
    administrators_are_not_users,
    shared_password_has_not_ended,
    passwords_travel_encrypted,
    tls_ends_somewhere,
    certificate_secret_has_its_own_name,
)
