"""The document as a whole, and the two passes over it: shape, then rules. Neither does any I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from inspect import signature
from types import UnionType
from typing import Any, get_args

from pydantic import Field, TypeAdapter, ValidationError

from settings.about import About
from settings.auth import Auth
from settings.capabilities import OPEN, Capabilities
from settings.chart import Chart
from settings.cluster import Cluster, Namespace, Protection
from settings.delivery import ByHand, Delivery
from settings.door import Ingress, Tls
from settings.finding import Finding
from settings.gpu import Gpus
from settings.hub import Availability, Culling, Hub
from settings.images import Images
from settings.monitoring import Monitoring
from settings.network import Network
from settings.order import by_document
from settings.placement import Placement
from settings.profiles import Profile
from settings.rules import RULES, Rule
from settings.secrets import Secrets
from settings.section import Section
from settings.services import Services
from settings.shape import findings as shape_findings
from settings.state import State
from settings.storage import Database, Storage


class Settings(Section):
    """Everything that makes one environment differ from another, but for its secrets."""

    about: About
    cluster: Cluster
    protection: Protection = Protection()
    namespace: Namespace
    storage: Storage
    database: Database
    """Where the hub keeps its own state: users, tokens, which servers run."""
    ingress: Ingress
    """How the host leads to the proxy."""
    tls: Tls
    """Where the certificate comes from, and where TLS ends. See [TLS](tls.md)."""
    auth: Auth
    """By which provider people sign in, and which groups there are. See [sign-in](sign-in.md)."""
    capabilities: Capabilities = Field(default_factory=lambda: dict(OPEN), min_length=1)
    """Who may do what, by group; `everyone` is whoever may sign in. See [capabilities](capabilities.md)."""
    hub: Hub = Hub()
    profiles: tuple[Profile, ...] = Field(min_length=1)
    gpu: Gpus = Gpus()
    images: Images
    chart: Chart
    """The Helm chart: which one, and where it comes from. See [the chart](chart.md)."""
    network: Network
    services: Services = Services()
    monitoring: Monitoring = Monitoring()
    placement: Placement = Placement()
    availability: Availability
    """What the loss of a node costs. One hub and one proxy always: two of them harm each other."""
    secrets: Secrets
    """Where secrets come from. See [secrets](secrets.md)."""
    delivery: Delivery = ByHand(tool="none")
    """Which pipeline carries a change to the cluster."""
    state: State | None = None
    culling: Culling = Culling()


class Refused(Exception):
    """The document has errors; all findings are here, the warnings too."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(f"{len(findings)} findings")
        self.findings = findings


def read(document: object, today: date) -> Settings:
    """Turn a document into Settings, or raise Refused with every finding of both passes."""
    settings, found = inspect(document, today)
    if settings is None:
        raise Refused(found)
    return settings


def inspect(document: object, today: date) -> tuple[Settings | None, list[Finding]]:
    """Give every finding of both passes, in the document's order, and Settings if none is an error."""
    try:
        settings = Settings.model_validate(document)
    except ValidationError as error:
        found = [*shape_findings(error, document), *_broken(_whole_sections(document, error), today)]
        return None, by_document(found, document)
    sections = {name: getattr(settings, name) for name in Settings.model_fields}
    found = by_document(list(_broken(sections, today)), document)
    refused = any(finding.severity == "error" for finding in found)
    return (None if refused else settings), found


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
            _shape_of(name).validate_python(document[field.alias])
            if field.alias in document
            else field.get_default(call_default_factory=True)
        )
    return whole


@cache
def _shape_of(section: str) -> TypeAdapter[Any]:
    return TypeAdapter(Settings.model_fields[section].rebuild_annotation())


def _broken(sections: Mapping[str, Any], today: date) -> Iterator[Finding]:
    """Run each rule whose sections are all there, and of the kind that it speaks of.

    A rule names them by its parameters: `auth: SharedPassword` is for that provider alone.
    """
    known = {**sections, "today": today}
    for rule in RULES:
        yield from apply(rule, known)


def apply(rule: Rule, known: Mapping[str, Any]) -> Iterable[Finding]:
    """Run one rule over what is known, if all that it speaks of is there."""
    wanted = _wanted(rule)
    if all(name in known and _fits(known[name], kind) for name, kind in wanted.items()):
        return rule(**{name: known[name] for name in wanted})
    return ()


@cache
def _wanted(rule: Rule) -> dict[str, Any]:
    return {name: one.annotation for name, one in signature(rule, eval_str=True).parameters.items()}


def _fits(section: object, wanted: Any) -> bool:  # noqa: ANN401 -- whatever a signature says
    kinds = get_args(wanted) if isinstance(wanted, UnionType) else (wanted,)
    return all(not isinstance(kind, type) for kind in kinds) or isinstance(section, wanted)
