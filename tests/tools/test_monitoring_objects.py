"""What is made for Prometheus' operator, held against the definitions that its own module carries."""

from __future__ import annotations

import copy

import jsonschema
import pytest

from tests.tools.kinds import Schemas, check, schemas_of
from tests.unit.monitored import made, monitoring_objects


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return schemas_of("prometheus-operator")


@pytest.mark.parametrize("stack", ["aiv-prod", "aiv-staging", "carbon254", "iav-test", "lab"])
def test_the_operator_takes_every_object(schemas: Schemas, stack: str) -> None:
    objects = monitoring_objects(made(stack))
    assert {"ServiceMonitor", "PrometheusRule"} <= {one["kind"] for one in objects}
    for one in objects:
        check(schemas, one)


def test_a_field_that_the_operator_does_not_know_would_be_seen(schemas: Schemas) -> None:
    objects = {one["kind"]: one for one in monitoring_objects(made("lab"))}
    for kind, of in (("ServiceMonitor", "endpoints"), ("PodMonitor", "podMetricsEndpoints")):
        faulty = copy.deepcopy(objects[kind])
        faulty["spec"][of][0]["token"] = "hub"
        with pytest.raises(jsonschema.ValidationError, match="token"):
            check(schemas, faulty)
    rule = copy.deepcopy(objects["PrometheusRule"])
    rule["spec"]["groups"][0]["rules"][0]["for"] = "a while"
    with pytest.raises(jsonschema.ValidationError, match="a while"):
        check(schemas, rule)
