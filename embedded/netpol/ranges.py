"""Sets of IPv4 addresses as sorted, disjoint, inclusive ranges: what a peer of a policy comes down to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network

Range = tuple[int, int]
Ranges = tuple[Range, ...]


def merged(ranges: Iterable[Range]) -> Ranges:
    """The same addresses, sorted, with touching and overlapping ranges joined (nft refuses overlaps)."""
    result: list[Range] = []
    for low, high in sorted(ranges):
        if result and low <= result[-1][1] + 1:
            result[-1] = (result[-1][0], max(high, result[-1][1]))
        else:
            result.append((low, high))
    return tuple(result)


def of_addresses(addresses: Iterable[IPv4Address]) -> Ranges:
    """Single addresses as ranges."""
    return merged((int(address), int(address)) for address in addresses)


def of_block(block: IPv4Network, excepted: Iterable[IPv4Network] = ()) -> Ranges:
    """A block without its exceptions."""
    gaps = merged(_ends(network) for network in excepted)
    low, last = _ends(block)
    result: list[Range] = []
    for gap_low, gap_high in gaps:
        if gap_high < low or gap_low > last:
            continue
        if gap_low > low:
            result.append((low, gap_low - 1))
        low = gap_high + 1
    if low <= last:
        result.append((low, last))
    return tuple(result)


def contains(ranges: Ranges, address: IPv4Address) -> bool:
    """Whether an address lies in one of the ranges."""
    number = int(address)
    return any(low <= number <= high for low, high in ranges)


def text(a_range: Range) -> str:
    """One range as nft writes it."""
    low, high = (str(IPv4Address(number)) for number in a_range)
    return low if low == high else f"{low}-{high}"


def _ends(network: IPv4Network) -> Range:
    return int(network.network_address), int(network.broadcast_address)
