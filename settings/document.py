"""The document as a whole, and the two passes over it: shape, then rules. Neither does any I/O."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from types import UnionType
from typing import Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from settings.about import About
from settings.auth import Auth
from settings.chart import Chart
from settings.cluster import Cluster, Namespace, Protection
from settings.delivery import ByHand, Delivery
from settings.door import Ingress, Tls
from settings.finding import Finding
from settings.hub import Availability, Culling, Hub
from settings.images import Images
from settings.monitoring import Monitoring
from settings.network import Network
from settings.placement import Placement
from settings.profiles import Profile
from settings.rules import RULES
from settings.secrets import Secrets
from settings.section import Section
from settings.services import Services
from settings.shape import findings as shape_findings
from settings.storage import Database, Storage


class Settings(Section):
    """Everything that makes one environment differ from another, but for its secrets."""

    about: About
    cluster: Cluster
    protection: Protection = Protection()
    namespace: Namespace
    storage: Storage
    database: Database
    ingress: Ingress
    tls: Tls
    auth: Auth
    hub: Hub = Hub()
    profiles: tuple[Profile, ...] = Field(min_length=1)
    images: Images
    chart: Chart
    network: Network
    services: Services = Services()
    monitoring: Monitoring = Monitoring()
    placement: Placement = Placement()
    availability: Availability
    secrets: Secrets
    delivery: Delivery = ByHand(tool="none")
    culling: Culling = Culling()


class Refused(Exception):
    """The document has findings; all of them are here."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def read(document: object, today: date) -> Settings:
    """Turn a document into Settings, or raise Refused with every finding of both passes.

    Warnings alone refuse nothing.
    """
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        whole = _whole_sections(document, error)
        raise Refused([*shape_findings(error, document), *_broken(whole, today)]) from None
    found = _of_rules(settings, today)
    if any(finding.severity == "error" for finding in found):
        raise Refused(found)
    return settings


def warnings(settings: Settings, today: date) -> list[Finding]:
    """Give what rules say of settings that pass: none of it stops a deployment, all of it is to be told."""
    return [finding for finding in _of_rules(settings, today) if finding.severity == "warning"]


def _of_rules(settings: Settings, today: date) -> list[Finding]:
    return list(_broken({name: getattr(settings, name) for name in Settings.model_fields}, today))


def _whole_sections(document: object, error: ValidationError) -> dict[str, Any]:
    """Give the sections that have their shape, so that a fault in one does not hide those of the others."""
    if not isinstance(document, Mapping):
        return {}
    faulty = {part["loc"][0] for part in error.errors() if part["loc"]}
    whole: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if field.alias in faulty:
            continue
        whole[name] = (
            TypeAdapter(field.rebuild_annotation()).validate_python(document[field.alias])
            if field.alias in document
            else field.get_default(call_default_factory=True)
        )
    return whole


def _broken(sections: Mapping[str, Any], today: date) -> Iterator[Finding]:
    """Run each rule whose sections are all there, and of the kind that it speaks of.

    A rule names them by its parameters: `auth: SharedPassword` is for that provider alone.
    """
    known = {**sections, "today": today}
    for rule in RULES:
        wanted = inspect.signature(rule, eval_str=True).parameters
        if all(name in known and _fits(known[name], one.annotation) for name, one in wanted.items()):
            run: Callable[..., Iterable[Finding]] = rule
            yield from run(**{name: known[name] for name in wanted})


def _fits(section: object, wanted: Any) -> bool:  # noqa: ANN401 -- whatever a signature says
    kinds = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    return all(not isinstance(kind, type) for kind in kinds) or isinstance(section, wanted)
