"""The second pass: rules that relate fields. A rule names the sections it needs by its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from settings.finding import Finding
from settings.rules import access, chart, images, network, placement, release, serving

Rule = Callable[..., Iterable[Finding]]

_MODULES: tuple[Any, ...] = (access, chart, images, network, placement, release, serving)
RULES: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in module.RULES)
