"""The tunnel's connector: its pods hold nothing but a token, and a new token rolls them."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest
import yaml

from chart.network import own_policies
from components.tunnel import Tunnel, TunnelArgs
from settings.flows import CONNECTOR
from tests.unit.documents import Document, settings_of
from tests.unit.recorder import Recorder, run, secret_paths

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SECRET = "kubernetes:core/v1:Secret"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
TOKEN = "the-token-of-the-tunnel"


def made(patch: Document | None = None, *, ours: bool = True, generation: int = 1) -> Recorder:
    chosen = settings_of("carbon254", patch)
    assert chosen.ingress.tunnel

    def program() -> dict[str, Any]:
        assert chosen.ingress.tunnel
        Tunnel(
            "tunnel",
            TunnelArgs(
                namespace=chosen.namespace.name,
                settings=chosen.ingress.tunnel,
                image=chosen.images.of_connector,
                pull_secrets=chosen.images.pull_secrets,
                placement=chosen.placement,
                policy=own_policies(chosen)["tunnel"],
                token=pulumi.Output.secret(TOKEN) if ours else None,
                generation=generation,
                await_ready=chosen.hub.await_ready,
            ),
        )
        return {}

    return run(program)[0]


def spec_of(recorder: Recorder) -> dict[str, Any]:
    spec: dict[str, Any] = recorder.one(DEPLOYMENT).plain()["spec"]
    return spec


def pod_of(recorder: Recorder) -> dict[str, Any]:
    pod: dict[str, Any] = spec_of(recorder)["template"]["spec"]
    return pod


def test_the_token_is_in_a_secret_of_its_own_and_nowhere_else() -> None:
    recorder = made()
    secret = recorder.one(SECRET)
    assert secret.plain()["stringData"] == {"token": TOKEN}
    assert secret.plain()["immutable"] is True
    assert "name" not in secret.plain()["metadata"], "a new token must come under a new name"
    assert list(secret_paths(secret.inputs)) == ["/stringData"]
    elsewhere = [asked for asked in recorder.requests.values() if asked.type != SECRET]
    assert not any(TOKEN in str(asked.inputs) for asked in elsewhere)


def test_the_pods_name_the_secret_so_that_a_new_one_rolls_them() -> None:
    (container,) = pod_of(made())["containers"]
    reference = {"name": "tunnel-token-generated", "key": "token"}
    assert container["env"] == [{"name": "TUNNEL_TOKEN", "valueFrom": {"secretKeyRef": reference}}]


def test_a_secret_of_somebody_else_is_read_under_its_name() -> None:
    recorder = made({"ingress": {"tunnel": {"tokenSecret": "from-vault"}}}, ours=False, generation=3)
    assert recorder.of(SECRET) == []
    (container,) = pod_of(recorder)["containers"]
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "from-vault", "key": "token"}


def test_a_generation_rolls_the_pods_where_the_secret_s_name_stays() -> None:
    first, second = (spec_of(made(ours=False, generation=number))["template"] for number in (1, 2))
    assert first["metadata"] != second["metadata"]
    assert first["spec"] == second["spec"]


def test_the_pods_are_within_the_restricted_level_and_have_no_identity() -> None:
    pod = pod_of(made())
    (container,) = pod["containers"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert set(container["resources"]) == {"requests", "limits"}
    assert all(set(amounts) == {"cpu", "memory"} for amounts in container["resources"].values())


def test_it_is_ready_when_cloudflare_has_it_and_never_changes_itself() -> None:
    (container,) = pod_of(made())["containers"]
    assert container["args"] == ["tunnel", "--no-autoupdate", "--metrics", "0.0.0.0:2000", "run"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "metrics"}
    assert container["ports"] == [{"name": "metrics", "containerPort": 2000}]


def test_policies_know_the_pods_by_the_connector_s_labels() -> None:
    recorder = made()
    spec = spec_of(recorder)
    budget = recorder.one("kubernetes:policy/v1:PodDisruptionBudget").plain()["spec"]
    policy = recorder.one(POLICY).plain()["spec"]
    assert spec["template"]["metadata"]["labels"] == CONNECTOR
    assert spec["selector"] == budget["selector"] == policy["podSelector"] == {"matchLabels": CONNECTOR}


def test_its_policy_is_the_one_made_from_the_flows() -> None:
    policy = made().one(POLICY)
    assert policy.plain()["spec"] == own_policies(settings_of("carbon254"))["tunnel"]
    assert policy.urn in made().one(DEPLOYMENT).dependencies


@pytest.mark.parametrize(("replicas", "away"), [(1, 0), (2, 1), (4, 1)])
def test_a_rollout_leaves_all_but_one_and_never_none(replicas: int, away: int) -> None:
    spec = spec_of(made({"ingress": {"tunnel": {"replicas": replicas}}}))
    assert spec["replicas"] == replicas
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": away}


def test_a_node_may_be_emptied_and_connectors_stand_apart() -> None:
    recorder = made()
    budget = recorder.one("kubernetes:policy/v1:PodDisruptionBudget").plain()["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    (apart,) = pod_of(recorder)["topologySpreadConstraints"]
    assert (apart["topologyKey"], apart["whenUnsatisfiable"]) == ("kubernetes.io/hostname", "ScheduleAnyway")


def test_it_runs_where_hub_and_proxy_run() -> None:
    pod = pod_of(
        made(
            {
                "placement": {"coreNodes": {"pool": "core"}, "priority": {"core": "platform"}},
                "images": {"pullSecrets": ["registry"]},
            }
        )
    )
    assert pod["nodeSelector"] == {"pool": "core"}
    assert pod["priorityClassName"] == "platform"
    assert pod["imagePullSecrets"] == [{"name": "registry"}]


def test_nothing_waits_where_no_pod_can_run() -> None:
    waits = made().one(DEPLOYMENT).plain()["metadata"]["annotations"]
    skips = made({"hub": {"awaitReady": False}}).one(DEPLOYMENT).plain()["metadata"]["annotations"]
    assert waits == {"pulumi.com/timeoutSeconds": "300"}
    assert skips == {"pulumi.com/skipAwait": "true"}


def test_the_connector_s_image_is_cloudflare_s_own_at_an_exact_tag() -> None:
    (container,) = pod_of(made())["containers"]
    name, tag = container["image"].rsplit(":", 1)
    assert name == "docker.io/cloudflare/cloudflared"
    assert tag[0].isdigit()


def test_the_connector_comes_from_the_mirror_or_from_where_the_settings_say() -> None:
    three = yaml.safe_load(
        "{hub: {name: r.test/hub}, proxy: {name: r.test/proxy}, notebook: {name: r.test/notebook}}"
    )
    mirrored = settings_of("carbon254", {"images": {**three, "mirror": "r.test/remote"}})
    assert mirrored.images.of_connector.name == "r.test/remote/cloudflare/cloudflared"
    own = {"connector": {"name": "r.test/ours/cloudflared", "tag": "1", "digest": "sha256:" + "5" * 64}}
    chosen = settings_of("carbon254", {"images": {**three, "mirror": "r.test/remote", **own}})
    assert chosen.images.of_connector.reference == "r.test/ours/cloudflared:1@sha256:" + "5" * 64


def test_everything_belongs_to_the_component_and_holds_no_data() -> None:
    recorder = made()
    (component,) = recorder.of("jupyterhub:components:Tunnel")
    for asked in recorder.requests.values():
        assert not asked.protect
        assert not asked.retain
        assert asked is component or asked.parent == component.urn
