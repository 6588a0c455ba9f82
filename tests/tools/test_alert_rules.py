"""The alerts, evaluated by a real Prometheus (promtool) over made-up series: which ring, and which do not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import observability
from settings import Settings
from tests.metrics.prometheus import program
from tests.unit.documents import Document, settings_of

Series = Mapping[str, str]
NS = "NS"
"""Stands for the namespace in the series below."""
HOUR_AND_A_HALF = "90m"
ALWAYS_ONE = "1x180"


def ready(deployment: str) -> str:
    return f'kube_deployment_status_replicas_available{{namespace="NS",deployment="{deployment}"}}'


def core(metric: str, container: str, more: str = "") -> str:
    return f'{metric}{{namespace="NS",pod="{container}-1",container="{container}"{more}}}'


def starts(status: str) -> str:
    return f'jupyterhub_server_spawn_duration_seconds_count{{namespace="NS",status="{status}"}}'


def bucket(le: str) -> str:
    return f'jupyterhub_server_spawn_duration_seconds_bucket{{namespace="NS",status="success",le="{le}"}}'


def requests(code: str, handler: str = "LoginHandler") -> str:
    return f'jupyterhub_request_duration_seconds_count{{namespace="NS",handler="{handler}",code="{code}"}}'


def sign_ins(outcome: str, reason: str) -> str:
    return f'jupyterhub_audit_sign_ins_total{{namespace="NS",outcome="{outcome}",reason="{reason}"}}'


def tick(le: str) -> str:
    return f'jupyterhub_event_loop_interval_seconds_bucket{{namespace="NS",le="{le}"}}'


def volume(kind: str, claim: str = "shared") -> str:
    return f'kubelet_volume_stats_{kind}_bytes{{namespace="NS",persistentvolumeclaim="{claim}"}}'


def home(owner: str, free: int, of: int, asked: int = 100) -> dict[str, str | None]:
    claim = f"claim-{owner}"
    requests = "kube_persistentvolumeclaim_resource_requests_storage_bytes"
    return {
        volume("available", claim): f"{free}x180",
        volume("capacity", claim): f"{of}x180",
        f'{requests}{{namespace="NS",persistentvolumeclaim="{claim}"}}': f"{asked}x180",
    }


def owned(owner: str, name: str) -> dict[str, str | None]:
    """What kube-state-metrics says where it is asked to tell annotations."""
    metric = "kube_persistentvolumeclaim_annotations"
    told = f'persistentvolumeclaim="claim-{owner}",annotation_hub_jupyter_org_username="{name}"'
    return {f'{metric}{{namespace="NS",{told}}}': ALWAYS_ONE}


# A folder on a node: each says the numbers of the node's disk, whatever was asked for.
ON_ONE_DISK = {key: value for number in range(3) for key, value in home(str(number), 20, 2000).items()}


def pod(metric: str, more: str) -> str:
    return f'{metric}{{namespace="NS",pod="jupyter-ada",{more}}}'


UP = 'up{namespace="NS",job="hub"}'
RUNNING = 'jupyterhub_running_servers{namespace="NS"}'
LIMIT = ',resource="memory"'
LINES = 'cloudflared_tunnel_ha_connections{namespace="NS",pod="cloudflared-1"}'
RESTARTS = "kube_pod_container_status_restarts_total"
USED = "container_memory_working_set_bytes"
MOST = "kube_pod_container_resource_limits"
ROUTES = 'jupyterhub_proxy_add_duration_seconds_count{namespace="NS",status="failure"}'
QUOTA = 'kube_resourcequota{{namespace="NS",resourcequota="jupyterhub",resource="requests.cpu",type="{}"}}'
PENDING = pod("kube_pod_status_phase", 'phase="Pending"')
NOWHERE = pod("kube_pod_status_unschedulable", 'uid="1"')
LOST = 'jupyterhub_audit_failures_total{namespace="NS"}'
TOKENS = 'jupyterhub_audit_break_glass_tokens{namespace="NS"}'
USES = 'jupyterhub_audit_break_glass_uses_total{namespace="NS"}'
GPU = pod("kube_pod_container_resource_requests", 'container="notebook",resource="nvidia_com_gpu"')

# A hub in good health: each value, and how it goes on each minute.
WELL: Series = {
    UP: ALWAYS_ONE,
    ready("hub"): ALWAYS_ONE,
    ready("proxy"): ALWAYS_ONE,
    ready("cloudflared"): "2x180",
    LINES: "4x180",
    core(RESTARTS, "hub"): "0x180",
    core(RESTARTS, "chp"): "0x180",
    core(USED, "chp"): "100x180",
    core(MOST, "chp", LIMIT): "512x180",
    RUNNING: "3x180",
    starts("success"): "0+1x180",
    starts("failure"): "0x180",
    starts("throttled"): "0x180",
    bucket("5"): "0+1x180",
    bucket("+Inf"): "0+1x180",
    requests("200"): "0+60x180",
    requests("500"): "0x180",
    tick("0.05"): "0+1200x180",
    tick("+Inf"): "0+1200x180",
    ROUTES: "0x180",
    QUOTA.format("used"): "10x180",
    QUOTA.format("hard"): "240x180",
    volume("available"): "50x180",
    volume("capacity"): "100x180",
    PENDING: "0x180",
    sign_ins("success", ""): "0+1x180",
    sign_ins("refused", "not_member"): "0x180",
    sign_ins("refused", "wrong_password"): "0x180",
    sign_ins("refused", "provider_error"): "0x180",
    LOST: "0x180",
    TOKENS: "0x180",
    USES: "0x180",
}


@dataclass(frozen=True)
class Case:
    """What differs from a hub in good health, and what rings because of it."""

    rings: set[str]
    series: Mapping[str, str | None] = field(default_factory=dict)
    stack: str = "aiv-prod"
    at: str = HOUR_AND_A_HALF
    expires: date | None = date(2037, 1, 1)
    patch: Document = field(default_factory=dict)
    secret_ends: date | None = None
    """Prometheus' own time begins in 1970, for which no settings are deployed."""

    @property
    def settings(self) -> Settings:
        whole = settings_of(self.stack, self.patch)
        auth = whole.auth.model_copy(update={"client_secret_expires": self.secret_ends})
        return whole.model_copy(update={"auth": auth}) if self.secret_ends else whole

    def groups(self) -> list[dict[str, Any]]:
        return observability.alert_groups(self.settings, self.expires)


CASES = {
    "a hub in good health": Case(set()),
    "behind a tunnel": Case(set(), stack="lab"),
    "the hub is down": Case({"JupyterHubDown", "JupyterHubNotScraped"}, {ready("hub"): "0x180", UP: "0x180"}),
    "the hub restarts by a deployment": Case(set(), {ready("hub"): "1x86 0x3 1x90"}),
    "the proxy is down": Case({"JupyterHubProxyDown"}, {ready("proxy"): "0x180"}),
    "no target": Case({"JupyterHubNotScraped"}, {UP: None}),
    "one restart": Case(set(), {core(RESTARTS, "hub"): "0x80 1x100"}),
    "two restarts": Case({"JupyterHubRestarting"}, {core(RESTARTS, "hub"): "0x75 1x5 2x100"}),
    "the proxy grows": Case({"JupyterHubMemory"}, {core(USED, "chp"): "0x60 480x120"}),
    "answers are errors": Case({"JupyterHubErrors"}, {requests("500"): "0+10x180"}),
    "one error at night": Case(set(), {requests("200"): "0x180", requests("500"): "0x85 1x95"}),
    "servers of users that do not answer": Case(set(), {requests("503", "ProxyErrorHandler"): "0+60x180"}),
    "the event loop hangs": Case(
        {"JupyterHubEventLoopSlow"}, {tick("0.05"): "0+1000x180", tick("1"): "0+1200x180"}
    ),
    "routes fail": Case({"JupyterHubRoutesFail"}, {ROUTES: "0+1x180"}),
    "one of a hundred starts fails": Case(set(), {starts("failure"): "0x70 1x110"}),
    "half of the starts fail": Case({"JupyterHubSpawnFailures"}, {starts("failure"): "0+1x180"}),
    "errors, as the next hub counts them": Case({"JupyterHubSpawnFailures"}, {starts("error"): "0+1x180"}),
    "people are told to wait": Case(set(), {starts("throttled"): "0+9x180"}),
    "starts are slow": Case(
        {"JupyterHubSpawnSlow"}, {bucket("5"): "0x180", bucket("180"): "0+1x180", bucket("120"): "0x180"}
    ),
    "nobody starts anything": Case(
        set(), {starts("success"): "9x180", bucket("5"): "9x180", bucket("+Inf"): "9x180"}
    ),
    "nearly all servers run": Case({"JupyterHubNearlyFull"}, {RUNNING: "115x180"}),
    "a pod waits": Case({"JupyterHubPodPending"}, {PENDING: ALWAYS_ONE}),
    "a pod waits a little": Case(set(), {PENDING: "0x75 1x105"}),
    "no GPU is free": Case({"JupyterHubGpuWaiting"}, {NOWHERE: "_x80 1x100", GPU: "_x80 1x100"}),
    "no room, and no GPU is asked for": Case(set(), {NOWHERE: "_x80 1x100"}),
    "the quota is used up": Case({"JupyterHubQuota"}, {QUOTA.format("used"): "230x180"}),
    "the shared folder fills": Case({"JupyterHubVolumeNearlyFull"}, {volume("available"): "8x180"}),
    "the shared folder is full": Case(
        {"JupyterHubVolumeNearlyFull", "JupyterHubVolumeFull"}, {volume("available"): "1x180"}
    ),
    "a home has room": Case(set(), home("ada", 12, 98)),
    "a home is nearly full": Case({"JupyterHubHomeNearlyFull"}, home("ada", 8, 98)),
    "a home is full, and its driver rounds up": Case({"JupyterHubHomeNearlyFull"}, home("ada", 0, 128)),
    "people are told of their homes earlier": Case(
        {"JupyterHubHomeNearlyFull"},
        home("ada", 20, 98),
        patch={"storage": {"homes": {"warnBelow": 30}}},
    ),
    "a home is full, and nobody tells what it asked for": Case(
        set(), {volume("available", "claim-ada"): "0x180", volume("capacity", "claim-ada"): "9x180"}
    ),
    "the disk of all homes is nearly full": Case({"JupyterHubHomesDiskNearlyFull"}, ON_ONE_DISK),
    "two weeks of the certificate are left": Case(
        {"JupyterHubCertificateEndsSoon"}, expires=date(1970, 1, 15)
    ),
    "a day of the certificate is left": Case(
        {"JupyterHubCertificateEndsSoon", "JupyterHubCertificateEnds"}, expires=date(1970, 1, 2)
    ),
    "cert-manager does not renew": Case(
        {"JupyterHubCertificateEndsSoon"},
        {
            'certmanager_certificate_expiration_timestamp_seconds{exported_namespace="NS",name="tls"}': (
                "1209600x180"
            )
        },
        stack="iav-test",
        patch={"tls": {"source": "certManager", "issuer": "company", "secretName": "tls"}},
    ),
    "nobody gets in": Case(
        {"JupyterHubNobodyGetsIn"},
        {sign_ins("success", ""): "9x180", sign_ins("refused", "not_member"): "0+1x180"},
    ),
    "some are refused, and others get in": Case(set(), {sign_ins("refused", "not_member"): "0+1x180"}),
    "a stranger knocks at night": Case(
        set(), {sign_ins("success", ""): "9x180", sign_ins("refused", "not_member"): "0x85 3x95"}
    ),
    "somebody guesses passwords at night": Case(
        set(), {sign_ins("success", ""): "9x180", sign_ins("refused", "wrong_password"): "0+9x180"}
    ),
    "the identity provider is away": Case(
        {"JupyterHubProviderAway", "JupyterHubNobodyGetsIn"},
        {sign_ins("success", ""): "9x180", sign_ins("refused", "provider_error"): "0+1x180"},
    ),
    "the identity provider fails once": Case(set(), {sign_ins("refused", "provider_error"): "0x85 1x95"}),
    "a record is lost": Case({"JupyterHubAuditLost"}, {LOST: "0x85 1x95"}),
    "a record was lost yesterday": Case(set(), {LOST: "1x180"}),
    "there is a token for an emergency": Case({"JupyterHubBreakGlassToken"}, {TOKENS: "0x85 1x95"}),
    "a token for an emergency is used": Case(
        {"JupyterHubBreakGlassToken", "JupyterHubBreakGlassUsed"}, {TOKENS: "0x85 1x95", USES: "0x86 1x94"}
    ),
    "three weeks of the client secret are left": Case(
        {"JupyterHubClientSecretEndsSoon"}, secret_ends=date(1970, 1, 21)
    ),
    "a day of the client secret is left": Case(
        {"JupyterHubClientSecretEndsSoon", "JupyterHubClientSecretEnds"},
        secret_ends=date(1970, 1, 2),
    ),
    "the tunnel is cut": Case(
        {"JupyterHubTunnelDown", "JupyterHubTunnelThin"},
        {ready("cloudflared"): "0x180", LINES: "0x180"},
        stack="lab",
    ),
    "a connector is missing": Case({"JupyterHubTunnelThin"}, {ready("cloudflared"): "1x180"}, stack="lab"),
    "connectors are ready and have no line": Case({"JupyterHubTunnelDown"}, {LINES: "0x180"}, stack="lab"),
}


@pytest.fixture(scope="session")
def promtool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return program("promtool", tmp_path_factory.mktemp("prometheus"))


def asked(case: Case, name: str, rules: Path) -> Document:
    namespace = settings_of(case.stack, case.patch).namespace.name
    series = {key: values for key, values in {**WELL, **case.series}.items() if values is not None}
    return {
        "rule_files": [rules.name],
        "evaluation_interval": "1m",
        "tests": [
            {
                "name": name,
                "interval": "1m",
                "input_series": [
                    {"series": key.replace('"NS"', f'"{namespace}"'), "values": values}
                    for key, values in series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": 'count by (alertname) (ALERTS{alertstate="firing"}) > bool 0',
                        "eval_time": case.at,
                        "exp_samples": [
                            {"labels": f'{{alertname="{alert}"}}', "value": 1} for alert in sorted(case.rings)
                        ],
                    }
                ],
            }
        ],
    }


def write(case: Case, place: Path) -> Path:
    place.write_text(json.dumps({"groups": case.groups()}))
    return place


@pytest.mark.parametrize("name", CASES)
def test_exactly_these_ring(promtool: Path, name: str, tmp_path: Path) -> None:
    case = CASES[name]
    rules = write(case, tmp_path / "rules.yaml")
    (tmp_path / "test.yaml").write_text(json.dumps(asked(case, name, rules)))
    ran = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("alert", "series", "summaries"),
    [
        (
            "JupyterHubHomeNearlyFull",
            home("ada", 8, 98) | home("grace", 9, 98) | owned("grace", "Grace@Example.org"),
            [
                ("claim-ada", "", "The home claim-ada is nearly full"),
                (
                    "claim-grace",
                    "Grace@Example.org",
                    "The home claim-grace of Grace@Example.org is nearly full",
                ),
            ],
        ),
        (
            "JupyterHubHomesDiskNearlyFull",
            ON_ONE_DISK,
            [("", "", "The disk that homes share is nearly full")],
        ),
    ],
    ids=["each home with its owner", "one disk, once"],
)
def test_an_alert_of_homes_says_whose(
    promtool: Path,
    alert: str,
    series: Mapping[str, str | None],
    summaries: list[tuple[str, str, str]],
    tmp_path: Path,
) -> None:
    case = Case({alert}, series)
    document = asked(case, alert, write(case, tmp_path / "rules.yaml"))
    (group,) = document["tests"]
    namespace = settings_of(case.stack).namespace.name
    (rule,) = [one for group in case.groups() for one in group["rules"] if one["alert"] == alert]
    rings = []
    for claim, owner, summary in summaries:
        labels = {"persistentvolumeclaim": claim, "annotation_hub_jupyter_org_username": owner}
        told = {**rule["labels"], **{name: value for name, value in labels.items() if value}}
        free = "8.163%" if claim == "claim-ada" else "9.184%" if claim else "1%"
        said = {
            name: text.replace("{{ $value | humanizePercentage }}", free)
            for name, text in rule["annotations"].items()
        }
        rings.append(
            {"exp_labels": {**told, "namespace": namespace}, "exp_annotations": {**said, "summary": summary}}
        )
    group["alert_rule_test"] = [{"eval_time": case.at, "alertname": alert, "exp_alerts": rings}]
    (tmp_path / "test.yaml").write_text(json.dumps(document))
    ran = subprocess.run(
        [promtool, "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("stack", ["aiv-prod", "lab", "local"])
def test_prometheus_takes_the_rules_as_they_are(promtool: Path, stack: str, tmp_path: Path) -> None:
    rules = write(Case(set(), stack=stack), tmp_path / "rules.yaml")
    ran = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_is_seen_to_ring() -> None:
    made = {rule["alert"] for case in CASES.values() for group in case.groups() for rule in group["rules"]}
    assert made == {alert for case in CASES.values() for alert in case.rings}
