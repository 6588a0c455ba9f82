"""A bundle of certificates in any order, put in the order that servers send: leaf, then who signed it.

The root is left out: who trusts it has it, and who has it not would not trust a sent one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from settings.finding import Finding
from settings.material.certificate import Certificate

# Nobody else's browser asks for these, and no public authority signs for them.
OWN_MACHINE = (".localhost", ".test")
_FOLLOWS = "Browsers that do not know it already warn, and programs do not connect."


@dataclass(frozen=True)
class Chain:
    """The leaf, those above it up to the root, and what does not belong to them."""

    leaf: Certificate
    above: tuple[Certificate, ...]
    root: Certificate | None
    foreign: tuple[Certificate, ...]

    @property
    def sent(self) -> tuple[Certificate, ...]:
        """What a server sends, in order."""
        return (self.leaf, *self.above)


def arrange(bundle: Sequence[Certificate], public: bytes | None) -> Chain:
    """Find the leaf (by the key, where it fits one) and climb from it, signature by signature."""
    others = list(dict.fromkeys(bundle))
    leaf = _leaf(others, public)
    path = [leaf]
    while signers := _signers(path[-1], [one for one in others if one not in path]):
        path.append(min(signers, key=_preference))
    # A certificate is the root where it signed itself; a cross-signed twin may stand in the path instead.
    root = next((one for one in others if _is_root(one) and _twin(one, path)), None)
    above = tuple(one for one in path[1:] if not _is_root(one))
    foreign = tuple(one for one in others if not _twin(one, path))
    return Chain(leaf, above, root, foreign)


def _leaf(bundle: list[Certificate], public: bytes | None) -> Certificate:
    fitting = [one for one in bundle if one.public == public]
    lowest = [one for one in bundle if not any(other.names(one) for other in bundle if other is not one)]
    candidates = fitting or lowest or bundle
    # After a renewal with the same key both may be there: the newer one is meant.
    return max(candidates, key=lambda one: (not one.authority, one.ends, one.pem))


def _signers(one: Certificate, others: list[Certificate]) -> list[Certificate]:
    if _is_root(one):
        return []
    return [other for other in others if one.names(other) and one.issued_by(other)]


def _preference(signer: Certificate) -> tuple[bool, int, str]:
    # A cross-signed intermediate before the root of the same key: sending it helps older clients.
    return signer.self_issued, -signer.ends.toordinal(), signer.pem


def _is_root(one: Certificate) -> bool:
    return one.self_issued and one.issued_by(one)


def _twin(one: Certificate, path: list[Certificate]) -> bool:
    return any(one.public == other.public and one.raw.subject == other.raw.subject for other in path)


def findings(chain: Chain, host: str, path: str) -> Iterator[Finding]:
    """Say what is missing from the chain, and what is too much in it."""
    if _is_root(chain.leaf):
        yield from _self_signed(chain.leaf, host, path)
    elif chain.root is None:
        yield from _open_end(chain, host, path)
    yield from _no_authorities(chain, path)
    if chain.root or not any(one.authority for one in chain.foreign):
        yield from (_foreign(one, path) for one in chain.foreign)


def _self_signed(leaf: Certificate, host: str, path: str) -> Iterator[Finding]:
    yield Finding(
        path=path,
        rule="tls-chain",
        what=f"{leaf.subject} signed itself.",
        follows="Every browser warns, and people learn to click warnings away.",
        remedy="Have it signed by an authority that your machines know.",
        severity="warning" if host.endswith(OWN_MACHINE) else "error",
    )


def _open_end(chain: Chain, host: str, path: str) -> Iterator[Finding]:
    """Judge a chain whose last issuer is not there: it may be the root, or forgotten."""
    top = chain.sent[-1]
    strangers = [one for one in chain.foreign if one.authority]
    namesake = next((one for one in strangers if top.names(one)), None)
    if namesake:
        yield Finding(
            path=path,
            rule="tls-chain",
            what=f"{namesake.subject} is there, but another key of that name signed {top.subject}.",
            follows=_FOLLOWS,
            remedy="Ask the authority for the certificate that belongs to yours: it was renewed.",
        )
    elif strangers:
        named = "; ".join(one.subject for one in strangers)
        yield Finding(
            path=path,
            rule="tls-chain",
            what=f"the certificate of {top.issuer}, which signed {top.subject}, is missing; "
            f"no part of the chain: {named}.",
            follows="Servers must send every intermediate. " + _FOLLOWS,
            remedy="Add the missing certificate, or remove what does not belong to the chain.",
        )
    elif not chain.above and not host.endswith(OWN_MACHINE):
        yield Finding(
            path=path,
            rule="tls-chain",
            what=f"the certificate of {top.issuer}, which signed {top.subject}, is not in it.",
            follows="If that is an intermediate and no root, " + _FOLLOWS[0].lower() + _FOLLOWS[1:],
            remedy="Add the whole chain; the root may be there too: it is used to check, and is not sent.",
            severity="warning",
        )


def _no_authorities(chain: Chain, path: str) -> Iterator[Finding]:
    for below, one in enumerate(chain.above):
        too_long = one.path_length is not None and one.path_length < below
        if one.authority and one.may_issue and not too_long:
            continue
        limit = f"allows {one.path_length} authorities below it, and there are {below}" if too_long else ""
        yield Finding(
            path=path,
            rule="tls-chain",
            what=f"{one.subject} {limit or 'is not allowed to sign certificates'}.",
            follows="Every browser refuses what it signed.",
            remedy="Ask the authority for a certificate with a proper chain.",
        )


def _foreign(one: Certificate, path: str) -> Finding:
    return Finding(
        path=path,
        rule="tls-chain",
        what=f"{one.subject} does not belong to the chain.",
        follows="It is left out; another certificate may have been meant.",
        remedy="Take it out of the bundle.",
        severity="warning",
    )
