"""The environments: each fact of the requirements' table is a setting of its stack."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from settings import Settings
from settings.auth import Cloudflare, Entra, GitHub, SharedPassword
from settings.capabilities import administering, gives, signing_in
from settings.delivery import GitLab
from settings.document import read
from settings.door import ExistingTls, NoTls, PemTls, PfxTls, url
from settings.hub import FastRestart
from settings.storage import CephS3, ExternalDatabase, Sqlite
from tests.unit.documents import PROJECT, TODAY, stack_file
from tests.unit.documents import STACKS as EVERY

# Those of the requirements' table, in its order; a stack that came later is none of it.
STACKS = ("local", "lab", "aiv-prod", "aiv-staging", "iav-test", "carbon254")
AIV = ("aiv-prod", "aiv-staging")
TABLE = PROJECT.parent / "shared" / "requirements" / "README.md"
NAMES = ["CPU-only", "GPU-standard", "GPU-large"]


@functools.cache
def settings_of(stack: str) -> Settings:
    return read(stack_file(stack)["config"]["jupyterhub:settings"], TODAY)


def offered(settings: Settings) -> list[str]:
    return [profile.name for profile in settings.profiles if profile.enabled]


def tls_of(settings: Settings) -> str:
    tls = settings.tls
    if isinstance(tls, NoTls):
        return f"none, ends at {tls.termination}"
    if isinstance(tls, ExistingTls):
        return f"Secret {tls.secret_name} of others, ends at {tls.termination}"
    return f"{tls.source} in Secret {tls.secret_name}, ends at {tls.termination}"


def sign_in_of(settings: Settings) -> str:
    match settings.auth:
        case SharedPassword() as auth:
            return f"shared password, {len(auth.administrators)} administrators"
        case Entra() as auth:
            rows = settings.capabilities
            allowed, admins = " ".join(signing_in(rows)), " ".join(administering(rows))
            return f"Entra groups {allowed}, admins {admins}, MFA {auth.mfa}"
        case GitHub() as auth:
            return "GitHub organisations and teams" if signing_in(settings.capabilities) else "nobody"
        case Cloudflare() as auth:
            return f"Cloudflare Access, team {auth.team}"


def shared_of(settings: Settings) -> str:
    shared = settings.storage.shared
    if not shared:
        return "none"
    node = ", one node" if shared.single_node else ""
    return f"{shared.claim} {shared.storage_class} {shared.access_mode} at {shared.mount_path}{node}"


def reach_of(settings: Settings) -> str:
    door = settings.ingress
    tunnel = f" by tunnel {door.tunnel.name}" if door.tunnel else ""
    address = f" at {door.load_balancer_address}" if door.load_balancer_address else ""
    return f"{door.reach}{tunnel}{address}"


def database_of(settings: Settings) -> str:
    match settings.database:
        case Sqlite():
            return "SQLite on a claim"
        case ExternalDatabase() as database:
            return "PostgreSQL" + (" with replication" if database.replicated else "")


def delivery_of(settings: Settings) -> str:
    delivery = settings.delivery
    if isinstance(delivery, GitLab):
        return f"gitlab {' '.join(delivery.runs_on)}, approval {delivery.approval}"
    return delivery.tool


def monitoring_of(settings: Settings) -> str:
    found = settings.monitoring
    parts = [
        found.stack,
        "operator" if found.operator else "",
        *(f"{k}={v}" for k, v in found.labels.items()),
    ]
    return " ".join([*filter(None, parts), *([found.grafana] if found.grafana else [])])


def all_services(settings: Settings) -> str:
    return " ".join(service.kind for service in settings.services.catalogue) or "none"


SHARED_AIV = "shared cephfs ReadWriteMany at /shared"
ENTRA = "Entra groups users admins, admins admins, MFA tenant"
AIV_SERVICES = "gitlab artifactory cephS3 iamApi"
NODE_FOLDER = "shared local-path ReadWriteOnce at /shared, one node"

# Row of the table: how the settings say it, and what each stack (in the order of STACKS) must say.
FACTS: dict[str, tuple[Callable[[Settings], object], tuple[object, ...]]] = {
    "document": (
        lambda s: " ".join(s.about.documents),
        ("", "000 001", "000 001 002", "001 002", "004", "003"),
    ),
    "cluster": (
        lambda s: s.about.cluster,
        (
            "one embedded node",
            "k3s, one NVIDIA server",
            "on-premises, CPU and GPU nodes (HPE)",
            "as production, smaller",
            "on-premises",
            "on-premises",
        ),
    ),
    "namespace": (
        lambda s: s.namespace.name,
        (
            "jupyterhub",
            "jupyterhub-test",
            "jupyterhub-prod",
            "jupyterhub-staging",
            "jupyterhub-test",
            "jupyter",
        ),
    ),
    "release": (
        lambda s: s.hub.release,
        ("jupyterhub", "jhub-lab", "jhub-production", "jhub-staging", "jhub-v1", "jupyterhub"),
    ),
    "host": (
        lambda s: s.ingress.host,
        (
            "jupyterhub.localhost",
            "jupyterhub.yourcompany.com",
            "jupyterhub.aiv.internal",
            "jupyterhub-staging.aiv.internal",
            "jupyterhub-test.example.internal",
            "jupyter.254carbon.com",
        ),
    ),
    "reach": (
        reach_of,
        (
            "machine",
            "public by tunnel jupyterhub-tunnel",
            "corporateNetwork at 10.50.100.10",
            "corporateNetwork at 10.50.100.11",
            "corporateNetwork",
            "public by tunnel jupyter-254carbon",
        ),
    ),
    "ingress": (
        lambda s: s.ingress.controller,
        ("traefik", "traefik", "nginx", "nginx", "nginx", "nginx"),
    ),
    "TLS": (
        tls_of,
        (
            "pem in Secret jupyterhub-tls, ends at ingress",
            "none, ends at edge",
            "pfx in Secret aiv-corporate-tls, ends at ingress",
            "pfx in Secret aiv-corporate-tls, ends at ingress",
            "Secret jupyterhub-tls of others, ends at ingress",
            "none, ends at edge",
        ),
    ),
    "sign-in": (
        sign_in_of,
        (
            "shared password, 0 administrators",
            "GitHub organisations and teams",
            ENTRA,
            ENTRA,
            "shared password, 1 administrators",
            "Cloudflare Access, team 254carbon",
        ),
    ),
    "homes": (
        lambda s: f"{s.storage.homes.storage_class} {s.storage.homes.size}",
        (
            "local-path 2Gi",
            "local-path 10Gi",
            "ceph-rbd 50Gi",
            "ceph-rbd 10Gi",
            "standard 10Gi",
            "standard 10Gi",
        ),
    ),
    "shared folder": (
        shared_of,
        (
            NODE_FOLDER,
            NODE_FOLDER,
            SHARED_AIV,
            SHARED_AIV,
            "jupyterhub-shared-home standard ReadWriteMany at /shared",
            "shared shared ReadWriteMany at /shared",
        ),
    ),
    "object storage": (
        lambda s: s.storage.object_store.kind,
        ("none", "none", "cephS3", "cephS3", "none", "minio"),
    ),
    "notebook image": (
        lambda s: (s.images.notebook.name, *s.images.pull_secrets),
        (
            ("localhost/jupyterhub/notebook",),
            ("ghcr.io/your-username/iav/base-notebook", "ghcr-credentials"),
            ("artifactory.aiv.internal/ml-platform/base-notebook", "aiv-artifactory-credentials"),
            ("artifactory.aiv.internal/ml-platform/base-notebook", "aiv-artifactory-credentials"),
            ("registry.example.com/iav/base-notebook",),
            ("docker.io/254carbon/jupyter-notebook",),
        ),
    ),
    "profiles": (offered, (NAMES, NAMES[:2], NAMES, NAMES, NAMES, NAMES[:1])),
    "hub database": (
        database_of,
        (
            "SQLite on a claim",
            "SQLite on a claim",
            "PostgreSQL with replication",
            "PostgreSQL",
            "SQLite on a claim",
            "PostgreSQL",
        ),
    ),
    "availability": (
        lambda s: s.availability.kind,
        ("none", "none", "fastRestart", "fastRestart", "none", "fastRestart"),
    ),
    "pipelines": (
        delivery_of,
        (
            "none",
            "githubActions",
            "gitlab mergeRequest main schedule, approval manual",
            "gitlab mergeRequest main schedule, approval none",
            "none",
            "argocd",
        ),
    ),
    "monitoring": (
        monitoring_of,
        (
            "none",
            "own operator release=kube-prometheus-stack",
            "corporate operator release=aiv-prometheus grafana.aiv.internal",
            "corporate operator release=aiv-prometheus grafana.aiv.internal",
            "corporate operator",
            "corporate operator",
        ),
    ),
    "platform services": (
        all_services,
        (
            "none",
            "none",
            AIV_SERVICES,
            AIV_SERVICES,
            "none",
            "trino minio mlflow postgresql datahub ray kafka",
        ),
    ),
    "secrets": (
        lambda s: s.secrets.source,
        ("generated", "config", "config", "config", "config", "config"),
    ),
    "secret names": (
        lambda s: s.secrets.name or "own",
        ("own", "own", "own", "own", "own", "jupyterhub-secrets"),
    ),
    "service account": (
        lambda s: s.namespace.service_accounts.hub,
        ("hub", "hub", "hub", "hub", "jupyterhub-sa", "hub"),
    ),
    "TLS ends": (
        lambda s: s.tls.termination,
        ("ingress", "edge", "ingress", "ingress", "ingress", "edge"),
    ),
    "scale": (
        lambda s: (s.about.scale.users, s.about.scale.pilot, s.about.scale.assumed),
        (
            (10, None, False),
            (10, None, False),
            (300, None, True),
            (20, None, True),
            (20, None, False),
            (120, (10, 20), False),
        ),
    ),
}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("fact", FACTS)
def test_each_stack_says_each_fact_of_the_table(stack: str, fact: str) -> None:
    say, expected = FACTS[fact]
    assert say(settings_of(stack)) == expected[STACKS.index(stack)]


@pytest.mark.parametrize("stack", AIV)
def test_secrets_of_aiv_have_the_names_that_its_teams_know(stack: str) -> None:
    found = settings_of(stack)
    assert isinstance(found.tls, PfxTls)
    assert isinstance(found.auth, Entra)
    assert (found.tls.secret_name, *found.images.pull_secrets, found.auth.client_secret_name) == (
        "aiv-corporate-tls",
        "aiv-artifactory-credentials",
        "entra-id-oauth",
    )


@pytest.mark.parametrize("stack", AIV)
def test_gpus_of_aiv_are_for_a_group(stack: str) -> None:
    found = settings_of(stack)
    for profile in found.profiles:
        rows = [name for name, row in found.capabilities.items() if gives(row.profiles, profile.slug)]
        assert rows == (["gpu"] if profile.gpu else ["everyone"])


def test_ceph_makes_buckets_by_a_class_of_their_own() -> None:
    store = settings_of("aiv-prod").storage.object_store
    assert isinstance(store, CephS3)
    assert store.bucket_class == "ceph-s3"


def test_production_leaves_a_lost_node_within_a_minute() -> None:
    availability = settings_of("aiv-prod").availability
    assert isinstance(availability, FastRestart)
    assert availability.node_loss == "30s"


def test_alerts_of_aiv_reach_its_own_channels() -> None:
    assert settings_of("aiv-prod").monitoring.alerts == ("alertmanager", "pagerDuty", "email", "teams")


def test_the_same_hub_everywhere() -> None:
    assert {settings_of(stack).hub.version for stack in STACKS} == {"5.5.4"}


def test_the_portal_of_254carbon_gets_a_card() -> None:
    assert settings_of("carbon254").services.portal_card


def test_lab_and_iav_share_a_namespace_name_and_never_a_cluster() -> None:
    lab, iav = settings_of("lab"), settings_of("iav-test")
    assert lab.namespace.name == iav.namespace.name
    assert lab.cluster.identifier != iav.cluster.identifier
    assert len({settings_of(stack).cluster.identifier for stack in STACKS}) == len(STACKS)


def test_every_stack_of_the_table_has_its_file() -> None:
    assert set(STACKS) <= set(EVERY)


def test_no_two_stacks_are_one_hub() -> None:
    """Of those that came later too: neither in one namespace of a cluster, nor under one host."""
    homes = [(settings_of(stack).cluster.identifier, settings_of(stack).namespace.name) for stack in EVERY]
    hosts = [settings_of(stack).ingress.host for stack in EVERY]
    assert len(set(homes)) == len(set(hosts)) == len(EVERY)


def test_the_machine_has_a_certificate_of_its_own() -> None:
    found = settings_of("local")
    assert isinstance(found.tls, PemTls)
    assert url(found.ingress, found.tls) == "https://jupyterhub.localhost:8443"


def rows(text: str) -> dict[str, list[str]]:
    """The table's rows, a cell per stack."""
    found = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 1 + len(STACKS):
            found[cells[0]] = cells[1:]
    return found


@pytest.fixture(scope="module")
def table() -> dict[str, list[str]]:
    if not Path(TABLE).is_file():
        pytest.skip("the requirements do not lie beside this checkout")
    return rows(TABLE.read_text())


def test_no_row_of_the_table_is_left_out(table: dict[str, list[str]]) -> None:
    assert [re.sub("`| \\(.*", "", cell) for cell in table["fact"]] == list(STACKS)
    assert set(table) - {"fact", "---"} == set(FACTS)


LITERAL = ("namespace", "release", "host", "service account", "notebook image")


@pytest.mark.parametrize("fact", LITERAL)
def test_names_are_the_tables_own(fact: str, table: dict[str, list[str]]) -> None:
    for stack, cell in zip(STACKS, table[fact], strict=True):
        for name in re.findall(r"`([^`]+)`", cell):
            said = FACTS[fact][0](settings_of(stack))
            assert name in str(said), f"{stack}: {name}"
