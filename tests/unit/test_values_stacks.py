"""The values of every stack: reviewed, taken by the real chart, known to the hub, within `restricted`."""

from __future__ import annotations

from typing import Any

import pytest

from chart import schema, traits
from chart.source import Archive
from chart.values import build
from tests.unit.documents import STACKS, settings_of
from tests.unit.golden import as_yaml, check

HEAD = """\
# What the stack `{stack}` gives the chart, reviewed; files of ours are named only. For a plain Helm:
#   bin/ops values {stack} > values.yaml
#   helm upgrade --install {release} <chart>.tgz -n {namespace} -f values.yaml \\
#     --set hub.existingSecret=<the credentials Secret> --set proxy.secretToken=<64 hexadecimal digits>
"""


def values(stack: str) -> dict[str, Any]:
    return build(settings_of(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_the_values_are_as_reviewed(stack: str) -> None:
    chosen = settings_of(stack)
    head = HEAD.format(stack=stack, release=chosen.hub.release, namespace=chosen.namespace.name)
    check(f"{stack}.values.yaml", as_yaml(build(chosen), head))


@pytest.mark.parametrize("stack", STACKS)
def test_the_real_chart_takes_the_values_of_the_stack(stack: str, real_chart: Archive) -> None:
    assert schema.findings(values(stack), real_chart) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_hub_knows_every_setting(stack: str) -> None:
    chosen = settings_of(stack)
    assert traits.findings_with(chosen.hub.version, build(chosen)) == []


def contexts(part: dict[str, Any]) -> dict[str, Any]:
    """The security context as it holds in a container: the pod's, with the container's own over it."""
    return {**part.get("podSecurityContext", {}), **part["containerSecurityContext"]}


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_of_the_release_is_within_restricted(stack: str, real_chart: Archive) -> None:
    whole = schema.over(real_chart.defaults, values(stack))
    spawner = whole["hub"]["config"]["KubeSpawner"]
    pods = {
        "hub": contexts(whole["hub"]),
        "proxy": contexts(whole["proxy"]["chp"]),
        "user": spawner["container_security_context"],
    }
    for name, context in pods.items():
        assert context["runAsNonRoot"] is True, name
        assert context["allowPrivilegeEscalation"] is False, name
        assert context["capabilities"] == {"drop": ["ALL"]}, name
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}, name
    # The chart's other pods, and its privileged init container, are not there at all.
    assert whole["singleuser"]["cloudMetadata"]["blockWithIptables"] is False
    assert not whole["prePuller"]["hook"]["enabled"]
    assert not whole["prePuller"]["continuous"]["enabled"]
    assert not whole["scheduling"]["userScheduler"]["enabled"]
    assert not whole["scheduling"]["userPlaceholder"]["enabled"]
    assert not whole["scheduling"]["podPriority"]["enabled"]


@pytest.mark.parametrize("stack", STACKS)
def test_pods_mount_only_kinds_of_volumes_that_restricted_knows(stack: str) -> None:
    made = values(stack)
    mounted = [
        *made["hub"].get("extraVolumes", []),
        *made["singleuser"]["storage"].get("extraVolumes", []),
    ]
    for volume in mounted:
        assert set(volume) - {"name"} <= {"persistentVolumeClaim", "configMap", "secret", "emptyDir"}


@pytest.mark.parametrize("stack", STACKS)
def test_an_upgrade_of_the_database_of_others_is_never_by_itself(stack: str) -> None:
    database = values(stack)["hub"]["db"]
    assert ("upgrade" in database) == (database["type"] != "postgres")
