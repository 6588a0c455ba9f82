"""Rules, each a pure function from what was collected to what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ops.why.cause import Cause
from ops.why.facts import Facts
from ops.why.rules.claims import claims
from ops.why.rules.controllers import deployments, jobs, refused
from ops.why.rules.door import certificates, ingresses, routes
from ops.why.rules.hub import hub_log
from ops.why.rules.namespace import namespace, rights
from ops.why.rules.nodes import nodes
from ops.why.rules.others import connector, external_secrets
from ops.why.rules.pods import pods
from ops.why.rules.release import release
from ops.why.rules.state import state

RULES: tuple[Callable[[Facts], Iterator[Cause]], ...] = (
    namespace,
    rights,
    state,
    release,
    nodes,
    refused,
    pods,
    claims,
    hub_log,
    external_secrets,
    certificates,
    ingresses,
    routes,
    connector,
    jobs,
    deployments,
)
