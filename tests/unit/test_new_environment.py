"""An environment is one new file: short, checked, and with all that production wants by default."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from chart.values import build
from settings import Settings
from settings.document import read
from settings.rules import RULES
from tests.unit.documents import TODAY

STACK = """\
# yaml-language-server: $schema=schemas/settings.schema.json
config:
  pulumi:disable-default-providers: [kubernetes]
  jupyterhub:settings:
    about: {organisation: Observatory, cluster: three nodes}
    cluster: {context: observatory, identifier: observatory}
    namespace: {name: jupyterhub}
    storage:
      homes: {storageClass: longhorn, size: 20Gi}
    database: {kind: sqlite, storageClass: longhorn}
    ingress: {controller: traefik, host: hub.observatory.internal, reach: corporateNetwork}
    tls: {source: existingSecret, secretName: hub-tls}
    auth:
      provider: entra
      tenantId: 0b3e5a17-5c5d-4f07-9d6e-2f1f0a9c7e11
      clientId: 7c9f4b0e-1d2a-4c3b-8e5f-6a7b8c9d0e1f
      groups: {astronomers: 5f0c3f0a-7b1e-4d7c-9a53-3f5d2c1b0a99}
      reach: {public443: the provider has many addresses that change}
    capabilities: {everyone: {profiles: [all]}, astronomers: {signIn: true}}
    profiles:
      - name: CPU-only
        slug: cpu-only
        default: true
        cpu: {guarantee: 250m, limit: "2"}
        memory: {guarantee: 1Gi, limit: 4Gi}
    images:
      hub: {name: registry.observatory.internal/hub, tag: "5.5.4"}
      proxy: {name: quay.io/jupyterhub/configurable-http-proxy, tag: "5.1.1"}
      notebook: {name: registry.observatory.internal/notebook, tag: "2026.11.1"}
    chart: {source: repository, url: "https://hub.jupyter.org/helm-chart/", version: 4.4.1}
    network:
      dns: {kubeSystem: true}
      apiServer: {cidrs: [10.20.0.0/29], ports: [6443]}
      ingressFrom: [traefik]
    availability: {kind: none}
    secrets: {source: config}
"""


@pytest.fixture
def seventh(tmp_path: Path) -> Settings:
    place = tmp_path / "Pulumi.observatory.yaml"
    place.write_text(STACK)
    return read(yaml.safe_load(place.read_text())["config"]["jupyterhub:settings"], TODAY)


def test_it_fits_under_forty_lines() -> None:
    assert len(STACK.splitlines()) < 40


def test_it_passes_every_rule_and_gives_values(seventh: Settings) -> None:
    assert RULES
    values = build(seventh)
    assert values["ingress"]["hosts"] == ["hub.observatory.internal"]
    assert values["singleuser"]["storage"]["dynamic"]["storageClass"] == "longhorn"


def test_what_it_does_not_say_is_safe(seventh: Settings) -> None:
    values = build(seventh)
    assert (seventh.protection.protect, seventh.protection.retain) == (True, True)
    assert seventh.namespace.pod_security == "restricted"
    assert values["hub"]["config"]["KubeSpawner"]["delete_pvc"] is False
    assert values["cull"]["users"] is False
    assert not any(values["singleuser"]["networkPolicy"]["egressAllowRules"].values())
