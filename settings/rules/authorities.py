"""Rules about the company's certificate authorities: what may stand in the document, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from settings.cluster import Cluster
from settings.finding import Finding
from settings.material import text
from settings.material.certificate import Certificate, Unreadable, read_certificate

_PATH = "settings.cluster.caBundle.certificates"
_NOTICE = timedelta(days=30)
_UNTRUSTED = "Whatever it signed is refused: sign-in, packages, git, object storage."
# In whatever form, and whether or not its end was pasted too.
_PRIVATE = "PRIVATE KEY"


def the_bundle_is_no_secret(cluster: Cluster) -> Iterator[Finding]:
    """Refuse a private key where everybody reads it."""
    if _PRIVATE in (_given(cluster) or ""):
        yield Finding(
            path=_PATH,
            rule="D15",
            what="there is a private key in it.",
            follows="It stands in plain text in the stack file and its history, and would come to every pod.",
            remedy="Take it out, and make a new key with a new certificate: this one is known.",
        )


def the_bundle_is_certificates(cluster: Cluster) -> Iterator[Finding]:
    """Refuse a bundle that a client would stumble over, or find empty."""
    given = _given(cluster)
    if given is None or _PRIVATE in given:
        return
    blocks = _blocks(cluster)
    if not blocks or text.is_cut(given):
        what = "it is no PEM text of certificates, from BEGIN to END."
    elif others := [at for at, block in enumerate(blocks, start=1) if block.label not in text.CERTIFICATES]:
        what = f"block {others[0]} of {len(blocks)} is no certificate."
    elif broken := [at for at, one in enumerate(_read(cluster), start=1) if one is None]:
        what = f"certificate {broken[0]} of {len(blocks)} is damaged."
    else:
        return
    yield Finding(
        path=_PATH,
        rule="D41",
        what=what,
        follows="Some clients skip what they cannot read, others then trust nothing at all.",
        remedy="Paste whole certificates, each from BEGIN CERTIFICATE to END CERTIFICATE.",
    )


def the_authorities_are_valid(cluster: Cluster, today: date) -> Iterator[Finding]:
    """Refuse what has ended, and speak of it in time."""
    for one in filter(None, _read(cluster)):
        if one.ends <= today:
            yield Finding(
                path=_PATH,
                rule="D41",
                what=f"{one.subject} ended on {one.ends}.",
                follows=_UNTRUSTED,
                remedy="Put its successor in its place, or take it out if nothing needs it any more.",
            )
        elif one.ends - today <= _NOTICE:
            yield Finding(
                path=_PATH,
                rule="D41",
                what=f"{one.subject} ends on {one.ends}.",
                follows=f"From then on no deployment is possible. {_UNTRUSTED}",
                remedy="Add its successor now: both may stand in the bundle.",
                severity="warning",
            )


def some_authority_is_there(cluster: Cluster) -> Iterator[Finding]:
    """Refuse a bundle of servers' certificates alone: that is mostly the wrong file of two."""
    found = [one for one in _read(cluster) if one is not None]
    if found and not any(one.authority or one.self_issued for one in found):
        yield Finding(
            path=_PATH,
            rule="D41",
            what=f"{found[0].subject} is a server's certificate, and no authority is in the bundle.",
            follows="Clients trust authorities; most take no other certificate for one.",
            remedy="Paste the certificate of the authority that signed it, the root at least.",
        )


def _given(cluster: Cluster) -> str | None:
    return cluster.ca_bundle.certificates if cluster.ca_bundle else None


def _blocks(cluster: Cluster) -> list[text.Block]:
    return text.blocks(_given(cluster) or "")


def _read(cluster: Cluster) -> list[Certificate | None]:
    return [_certificate(block) for block in _blocks(cluster) if block.label in text.CERTIFICATES]


def _certificate(block: text.Block) -> Certificate | None:
    try:
        return read_certificate(block.der)
    except Unreadable:
        return None


RULES = (
    the_bundle_is_no_secret,
    the_bundle_is_certificates,
    the_authorities_are_valid,
    some_authority_is_there,
)
