"""The second pass: rules that relate fields. A rule names the sections it needs by its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from settings.finding import Finding
from settings.rules import (
    access,
    authorities,
    capabilities,
    capacity,
    chart,
    clashes,
    database,
    doors,
    encryption,
    gpu,
    identity,
    images,
    namespace,
    network,
    operating,
    placement,
    reach,
    registrations,
    release,
    secrets,
    services,
    serving,
    sharing,
    state,
    storage,
    subdomains,
)

Rule = Callable[..., Iterable[Finding]]

_MODULES: tuple[Any, ...] = (
    access,
    authorities,
    capabilities,
    capacity,
    chart,
    clashes,
    database,
    doors,
    encryption,
    gpu,
    identity,
    images,
    namespace,
    network,
    operating,
    placement,
    reach,
    registrations,
    release,
    secrets,
    services,
    serving,
    sharing,
    state,
    storage,
    subdomains,
)
RULES: tuple[Rule, ...] = tuple(rule for module in _MODULES for rule in module.RULES)
