"""Connections the kernel remembers by address: forgotten when the address leaves its pod.

Standing connections pass unjudged; those of a pod that is gone must not stand for the next with its address.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

from embedded.netpol.model import Pod

Owners = Mapping[IPv4Address, str]


def owners(pods: Iterable[Pod]) -> Owners:
    """Which pod, by UID, an address belongs to."""
    return {address: pod.uid for pod in pods if pod.judged for address in pod.addresses}


def left(before: Owners, now: Owners) -> list[IPv4Address]:
    """Addresses that no longer belong to the pod they belonged to."""
    return sorted(address for address, uid in before.items() if now.get(address) != uid)


def forget(addresses: Iterable[IPv4Address]) -> None:
    """Drop what is remembered from and to these addresses (to: also what came by a Service)."""
    conntrack = shutil.which("conntrack")
    for address in addresses if conntrack else ():
        for side in ("--orig-src", "--reply-src"):
            # Exit code 1 only says that there was nothing to drop.
            subprocess.run(
                [str(conntrack), "-D", "-f", "ipv4", side, str(address)], capture_output=True, check=False
            )
