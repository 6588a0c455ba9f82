"""What a change of policies opens: which way, for whom, held against what was open before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ops.preview.steps import RELEASE, Step

Json = Mapping[str, Any]
_WAYS = {"ingress": "from", "egress": "to"}
_ANYONE = "anyone"


def opened(step: Step) -> list[str]:
    """Say in a line each what a step opens."""
    if step.type == RELEASE:
        before, after = (_blocks(side.get("values") or {}) for side in (step.old, step.new))
        return [
            line
            for path in sorted(before.keys() | after.keys())
            for line in _opened_in_values(path, before.get(path), after.get(path))
        ]
    if step.kind != "NetworkPolicy":
        return []
    return [f"{step.title}: {line}" for line in _of_object(step)]


def _of_object(step: Step) -> Iterator[str]:
    if step.what == "delete":
        yield "the policy goes, and with it what it held back"
        return
    old, new = (step.old.get("spec") or {}, step.new.get("spec") or {})
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return
    for way in sorted({*(old.get("policyTypes") or ())} - {*(new.get("policyTypes") or ())}):
        yield f"{way} is no longer held back"
    yield from _new_rules(old, new)


def _blocks(values: Any, path: str = "values") -> dict[str, Json]:  # noqa: ANN401 -- JSON
    """Find each `networkPolicy` of the values."""
    found: dict[str, Json] = {}
    if isinstance(values, Mapping):
        for name, below in values.items():
            if name == "networkPolicy" and isinstance(below, Mapping):
                found[f"{path}.{name}"] = below
            else:
                found |= _blocks(below, f"{path}.{name}")
    return found


def _opened_in_values(path: str, old: Json | None, new: Json | None) -> Iterator[str]:
    before, after = old or {}, new or {}
    if before.get("enabled", True) and after.get("enabled", True) is False:
        yield f"{path}: the policy is switched off"
        return
    rules = before.get("egressAllowRules") or {}
    for name, allowed in sorted((after.get("egressAllowRules") or {}).items()):
        if allowed and not rules.get(name):
            yield f"{path}: egress, by the chart's rule {name}"
    for line in _new_rules(before, after):
        yield f"{path}: {line}"


def _new_rules(old: Json, new: Json) -> Iterator[str]:
    for way, side in _WAYS.items():
        before = set(_peers(old.get(way), side))
        for peer, ports in sorted(set(_peers(new.get(way), side)) - before):
            yield f"{way} {side} {peer}, {ports}"


def _peers(rules: Any, side: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 -- JSON
    for rule in rules if isinstance(rules, list) else ():
        if isinstance(rule, Mapping):
            for peer in rule.get(side) or [_ANYONE]:
                for port in rule.get("ports") or [{"port": "any"}]:
                    yield _written(peer), _port(port)


def _written(peer: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(peer, Mapping):
        return str(peer)
    block = peer.get("ipBlock")
    if isinstance(block, Mapping) and not block.get("except"):
        return str(block.get("cidr"))
    return json.dumps(peer, sort_keys=True)


def _port(port: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(port, Mapping):
        return f"port {port}"
    last = f"-{port['endPort']}" if port.get("endPort") else ""
    protocol = f" {port['protocol']}" if port.get("protocol", "TCP") != "TCP" else ""
    return f"port {port.get('port', 'any')}{last}{protocol}"
