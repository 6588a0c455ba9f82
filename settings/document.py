"""The document as a whole, and the two passes over it: shape, then rules. Neither does any I/O."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import Field, TypeAdapter, ValidationError

from settings.auth import Auth
from settings.chart import Chart
from settings.cluster import Cluster, Namespace, Protection
from settings.door import Ingress, Tls
from settings.finding import Finding
from settings.hub import Availability, Culling, Hub, Monitoring, Secrets
from settings.images import Images
from settings.network import Network
from settings.profiles import Profile
from settings.rules import RULES
from settings.section import Section
from settings.shape import findings as shape_findings
from settings.storage import Database, Storage


class Settings(Section):
    """Everything that makes one environment differ from another, but for its secrets."""

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
    monitoring: Monitoring = Monitoring()
    availability: Availability
    secrets: Secrets
    culling: Culling = Culling()


class Refused(Exception):
    """The document has findings; all of them are here."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def read(document: object, today: date) -> Settings:
    """Turn a document into Settings, or raise Refused with every finding of both passes."""
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        whole = _whole_sections(document, error)
        raise Refused([*shape_findings(error, document), *_broken(whole, today)]) from None
    if found := list(_broken({name: getattr(settings, name) for name in Settings.model_fields}, today)):
        raise Refused(found)
    return settings


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
    """Run each rule whose sections are all there: a rule names them by its parameters."""
    known = {**sections, "today": today}
    for rule in RULES:
        wanted = list(inspect.signature(rule).parameters)
        if all(name in known for name in wanted):
            run: Callable[..., Iterable[Finding]] = rule
            yield from run(**{name: known[name] for name in wanted})
