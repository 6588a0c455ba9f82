"""The one nftables table of ours in the kernel: load it whole, or remove it."""

from __future__ import annotations

import subprocess

from embedded.fault import Fault

FAMILY = "inet"
NAME = "jhub-netpol"
TABLE = f"{FAMILY} {NAME}"


def load(text: str) -> None:
    """Load a rendered table in one transaction: packets see the old rules or the new, never none."""
    done = _nft("-f", "-", given=text)
    if done.returncode != 0:
        raise Fault(
            f"nft refused the rules: {done.stderr.strip()[:2000]}",
            "The last table that loaded stays in force; pods it does not know stay closed.",
            "Run as root on a kernel with nf_tables; the same rules are tried again every second.",
        )


def present() -> bool:
    """Whether a table of an earlier run is in force."""
    return f"table {TABLE}" in _nft("list", "tables").stdout.splitlines()


def remove() -> None:
    """Take the table away, which opens everything: for when the node is taken down."""
    if present():
        load(f"delete table {TABLE}\n")


def _nft(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["nft", *arguments], input=given, text=True, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise Fault(
            "The command nft is missing.",
            "Network policies cannot be enforced.",
            "Install it: apt-get install nftables",
        ) from error
