"""Whether a chain can serve a host on a day: names, dates, strength, purpose."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from settings.finding import Finding
from settings.material.certificate import WEAK_DIGESTS, Certificate
from settings.material.chain import Chain

NOTICE = timedelta(days=30)
SMALLEST_RSA = 2048
# No browser takes Ed25519, and Chrome leaves out P-521.
CURVES = ("secp256r1", "secp384r1")
_REFUSED = "Every browser refuses the hub."


def findings(chain: Chain, hosts: Sequence[str], today: date, path: str) -> Iterator[Finding]:
    """Judge the leaf, and in what is sent everything that can spoil it."""
    for host in hosts:
        yield from _names(chain.leaf, host, path)
    yield from _purpose(chain.leaf, path)
    for one in chain.sent:
        yield from _dates(one, today, path)
        yield from _strength(one, path, leaf=one is chain.leaf)


def covers(leaf: Certificate, host: str) -> bool:
    """Whether a browser takes the certificate for the host.

    International names are compared as they stand in DNS (`xn--`). A star stands for one whole label.
    """
    try:
        return str(ipaddress.ip_address(host)) in leaf.addresses
    except ValueError:
        pass
    wanted = host.lower().rstrip(".")
    _, _, parent = wanted.partition(".")
    # A star over a whole top-level domain is refused by Firefox and by whatever uses OpenSSL.
    star = f"*.{parent}" if "." in parent else wanted
    return any(name.lower() in (wanted, star) for name in leaf.hosts)


def _names(leaf: Certificate, host: str, path: str) -> Iterator[Finding]:
    if covers(leaf, host):
        return
    have = [*leaf.hosts, *leaf.addresses]
    shown = ", ".join("".join(c if c.isprintable() else "?" for c in name) for name in have[:5])
    named = f"it names {shown}{' and more' if len(have) > 5 else ''}"
    bare = "it has no alternative names, and browsers ignore the common name"
    yield Finding(
        path=path,
        rule="tls-host",
        what=f"it is not made for {host}: {named if have else bare}.",
        follows="The servers of all users are at hosts for which every browser warns."
        if host.startswith("*.")
        else "Every browser warns, and no API client connects.",
        remedy=f"Ask for a certificate whose subject alternative names have {host}.",
    )


def _purpose(leaf: Certificate, path: str) -> Iterator[Finding]:
    if leaf.authority:
        what = f"{leaf.subject} is the certificate of an authority (CA: true)."
        remedy = "Use one that it signed; with openssl: -addext basicConstraints=critical,CA:FALSE."
    elif not leaf.may_serve:
        what = f"{leaf.subject} is not made for servers (extended key usage without serverAuth)."
        remedy = "Ask for a server certificate."
    elif not leaf.may_shake_hands:
        what = f"{leaf.subject} must not sign (key usage without digitalSignature), as TLS 1.3 needs it to."
        remedy = "Ask for a server certificate with the key usage digitalSignature."
    else:
        return
    yield Finding(path=path, rule="tls-purpose", what=what, follows=_REFUSED, remedy=remedy)


def _dates(one: Certificate, today: date, path: str) -> Iterator[Finding]:
    renew = "Renew it, and set the new one: docs/tls.md."
    if one.ends <= today:
        what, remedy = f"{one.subject} ended on {one.ends}.", renew
    elif one.starts > today:
        what = f"{one.subject} is not valid before {one.starts}."
        remedy = "Wait for that day, or look at the clock here."
    elif one.ends - today <= NOTICE:
        left = (one.ends - today).days
        what = f"{one.subject} ends on {one.ends}, in {left} {'day' if left == 1 else 'days'}."
        yield Finding(
            path=path,
            rule="tls-dates",
            what=what,
            follows="From then on every browser refuses the hub, and no deployment is possible.",
            remedy=renew,
            severity="warning",
        )
        return
    else:
        return
    yield Finding(path=path, rule="tls-dates", what=what, follows=_REFUSED, remedy=remedy)


def _strength(one: Certificate, path: str, *, leaf: bool) -> Iterator[Finding]:
    kind, _, size = one.key.partition(" ")
    if one.digest in WEAK_DIGESTS:
        what = f"{one.subject} is signed with {one.digest.upper()}, which can be forged."
    elif one.digest == "none":
        # Ed25519 and its like: sound, and unknown to browsers.
        what = f"{one.subject} is signed in a way that not every browser knows."
    elif kind == "RSA" and int(size) < SMALLEST_RSA:
        what = f"{one.subject} has an RSA key of {size} bits; {SMALLEST_RSA} are the least."
    elif leaf and kind != "RSA" and one.key not in CURVES:
        what = f"{one.subject} has a key ({one.key}) that not every browser knows."
    else:
        return
    yield Finding(
        path=path,
        rule="tls-strength",
        what=what,
        follows=_REFUSED,
        remedy="Ask for one with SHA-256 and a key of RSA 2048 or more, or of the curve P-256 or P-384.",
    )
