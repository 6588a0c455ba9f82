"""Which pod holds which address, as the container runtime noted it when it attached the pod.

The API learns a pod's address only with the kubelet's next status, a second or two after the pod's first
instruction. The runtime's CNI library writes it down before the first container starts: reading it there
opens a pod in time for its first connection, and an address is never believed to be its former holder's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

from embedded.netpol.model import Pod

RESULTS = Path("/var/lib/cni/results")
WRITING_NS = 2_000_000_000
Holders = Mapping[IPv4Address, str]


def stamp(results: Path) -> int:
    """Changes whenever an attachment is noted or struck off."""
    try:
        return results.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


@dataclass(frozen=True)
class Notes:
    """The pod UID that holds each address, and whether every note could be read."""

    holders: Holders
    whole: bool


def read(results: Path) -> Notes:
    """Read all notes; of two about one address the later counts."""
    found: list[tuple[int, IPv4Address, str]] = []
    whole = True
    for path in results.glob("*") if results.is_dir() else ():
        try:
            noted = path.stat().st_mtime_ns
        except FileNotFoundError:
            continue
        try:
            found.extend((noted, address, uid) for address, uid in _held(json.loads(path.read_text())))
        except (OSError, ValueError, TypeError, KeyError):
            # Being written, most likely: the folder's stamp will not tell when it is whole.
            # An old one that cannot be read stays so; about it the API's word counts.
            whole = whole and time.time_ns() - noted > WRITING_NS
    return Notes({address: uid for _, address, uid in sorted(found)}, whole)


def settled(pods: Iterable[Pod], held: Holders, network: IPv4Network) -> list[Pod]:
    """The pods with their addresses as the runtime has them; where it says nothing, as the API has them."""
    by_uid: dict[str, set[IPv4Address]] = {}
    for address, uid in held.items():
        by_uid.setdefault(uid, set()).add(address)

    def addresses(pod: Pod) -> frozenset[IPv4Address]:
        believed = {address for address in pod.addresses if held.get(address, pod.uid) == pod.uid}
        # A status may say anything; only addresses of the pod network are a pod's.
        return frozenset(a for a in by_uid.get(pod.uid, set()) | believed if a in network)

    return [replace(pod, addresses=addresses(pod)) for pod in pods]


def _held(note: Mapping[str, Any]) -> Iterable[tuple[IPv4Address, str]]:
    uid = dict(note.get("cniArgs") or ()).get("K8S_POD_UID")
    for entry in (note.get("result") or {}).get("ips") or () if uid else ():
        if ":" not in entry["address"]:
            yield IPv4Interface(entry["address"]).ip, str(uid)
