"""From facts to causes: likeliest first, each with what comes of it, nothing secret in any."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ops.why.cause import Cause, Weight
from ops.why.facts import Facts
from ops.why.links import Links, links, reached
from ops.why.masking import masked
from ops.why.rules import RULES

_WHOLE = ("namespace-missing", "namespace-terminating")
"""Explain everything in the namespace."""
_AT_WORK = "at-work"


@dataclass(frozen=True)
class Root:
    """A cause, and what comes of it."""

    cause: Cause
    consequences: Sequence[Cause] = ()


def judged(facts: Facts) -> list[Root]:
    """Apply every rule, and put in order what they find."""
    found = _once([_covered(cause) for rule in RULES for cause in rule(facts)])
    return arranged([one for one in found if _asked_for(one, facts)], links(facts))


def arranged(causes: Sequence[Cause], known: Links) -> list[Root]:
    """Put what comes of another cause below that one."""
    below: dict[int, set[int]] = {
        place: {
            other for other, effect in enumerate(causes) if other != place and _comes_of(effect, cause, known)
        }
        for place, cause in enumerate(causes)
    }
    hidden = set().union(*below.values()) if below else set()
    roots = [place for place in below if place not in hidden]
    roots.sort(key=lambda place: _order(causes[place], len(below[place])))
    told: set[int] = set()
    found = []
    for place in roots:
        mine = sorted(below[place] - told, key=lambda other: _order(causes[other], 0))
        told |= set(mine)
        found.append(Root(causes[place], [causes[other] for other in mine]))
    return found


def _comes_of(effect: Cause, cause: Cause, known: Links) -> bool:
    if cause.rule in _WHOLE:
        return effect.weight > Weight.BLOCKS
    # What stops every deployment wants a step of its own, whatever brought it about.
    if effect.weight == Weight.BLOCKS and cause.rule != _AT_WORK:
        return False
    return not reached(cause.abouts, known).isdisjoint(effect.abouts)


def _order(cause: Cause, consequences: int) -> tuple[int, int, float]:
    return cause.weight, -consequences, -(cause.when.timestamp() if cause.when else 0.0)


def _once(causes: Iterable[Cause]) -> list[Cause]:
    """Tell once what is true of several objects."""
    found: dict[tuple[str, str, str], Cause] = {}
    for cause in causes:
        key = (cause.rule, cause.about.kind, cause.what)
        if key not in found:
            found[key] = cause
        elif cause.about not in found[key].abouts:
            found[key] = replace(found[key], also=(*found[key].also, cause.about))
    return list(found.values())


def _asked_for(cause: Cause, facts: Facts) -> bool:
    """Whether it is about what is asked: of one user's server, that of others does not matter."""
    if not facts.user or cause.weight != Weight.USER:
        return True
    known = links(facts)
    server = {one for one in reached(cause.abouts, known) | set(cause.abouts) if one.kind == "Server"}
    return not server or any(one.name == facts.user for one in server)


def _covered(cause: Cause) -> Cause:
    return replace(
        cause,
        what=masked(cause.what),
        says=masked(cause.says),
        lines=tuple(masked(line) for line in cause.lines),
    )
