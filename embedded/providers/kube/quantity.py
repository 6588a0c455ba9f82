"""Amounts like 500m and 1Gi, written the one way the API server writes them back."""

from __future__ import annotations

import re
from fractions import Fraction

_TEXT = re.compile(r"([+-]?\d*\.?\d+|[+-]?\d+\.)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?")
_BINARY = {f"{letter}i": 1024 ** (power + 1) for power, letter in enumerate("KMGTPE")}
_DECIMAL = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
}


def canonical(amount: str | int | float) -> str | int | float:
    """Write an amount as the server would; what is no amount stays as it is."""
    match = _TEXT.fullmatch(str(amount))
    if isinstance(amount, bool) or match is None:
        return amount
    number, unit = Fraction(match[1]), match[2] or ""
    if unit in _BINARY:
        return _binary(number * _BINARY[unit]) or _decimal(number * _BINARY[unit])
    if unit not in _DECIMAL:
        return amount  # an exponent keeps its own notation
    return _decimal(number * _DECIMAL[unit])


def _binary(value: Fraction) -> str | None:
    for unit, factor in sorted(_BINARY.items(), key=lambda item: -item[1]):
        if value and value % factor == 0:
            return f"{value // factor}{unit}"
    return "0" if value == 0 else str(value) if value.denominator == 1 else None


def _decimal(value: Fraction) -> str:
    for unit, factor in sorted(_DECIMAL.items(), key=lambda item: -item[1]):
        if value and (value / factor).denominator == 1:
            return f"{value / factor}{unit}"
    return "0" if value == 0 else f"{-(-value // _DECIMAL['n'])}n"
