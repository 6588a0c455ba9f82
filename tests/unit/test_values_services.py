"""What pods find around them: services, buckets, authorities, the database; never a secret's text."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from chart import services
from chart.authorities import VARIABLES
from chart.platform import environments
from chart.values import build
from settings import Settings
from settings.services import Kind, Service
from tests.unit.documents import Document, settings, settings_of

BUNDLE = {"cluster": {"caBundle": {"configMap": "company"}}}
PLACE = "/etc/certificate-authorities/ca-certificates.crt"


def made(stack: str, patch: Document | None = None) -> dict[str, Any]:
    return build(settings_of(stack, patch))


def service(kind: str, url: str, **more: str) -> dict[str, Any]:
    return {"kind": kind, "url": url, "reach": {"namespace": "x", "ports": [1]}, **more}


def environment(whole: Settings) -> dict[str, str]:
    """Join what pods of somebody with every service read."""
    return {name: value for one in environments(whole).values() for name, value in one.items()}


def env(catalogue: list[dict[str, Any]]) -> dict[str, str]:
    return environment(settings({"services": {"catalogue": catalogue}}))


def test_every_kind_of_service_has_its_variables() -> None:
    assert set(services.TABLE) == set(get_args(Kind))


def test_no_two_kinds_share_a_variable() -> None:
    names = [
        name
        for kind in get_args(Kind)
        for name in services.variables(Service.model_validate(service(kind, "https://x.example:1")))
    ]
    assert len(names) == len(set(names))


def test_clients_find_the_services_under_the_names_that_they_read() -> None:
    expected = {
        "TRINO_HOST": "trino.trino",
        "TRINO_PORT": "8080",
        "TRINO_HTTP_SCHEME": "http",
        "MLFLOW_TRACKING_URI": "http://mlflow.mlflow:5000",
        "PGHOST": "postgresql.postgresql.svc.cluster.local",
        "PGPORT": "5432",
        "DATAHUB_GMS_URL": "http://datahub-gms.datahub:8080",
        "RAY_ADDRESS": "ray://ray-head.ray:10001",
        "KAFKA_BOOTSTRAP_SERVERS": "kafka.kafka:9092",
        "MINIO_URL": "http://minio.minio:9000",
    }
    assert environment(settings_of("carbon254")) == expected


def test_two_of_a_kind_are_told_apart_by_name() -> None:
    found = env(
        [service("trino", "https://a.example"), service("trino", "https://b.example:8443", name="254-b")]
    )
    assert (found["TRINO_HOST"], found["TRINO_PORT"]) == ("a.example", "443")
    assert (found["TRINO_HOST_254_B"], found["TRINO_PORT_254_B"]) == ("b.example", "8443")


def test_what_is_for_the_hub_is_not_for_users() -> None:
    found = made("aiv-prod")
    assert found["hub"]["extraEnv"]["IAM_API_URL"] == "https://iam.aiv.internal"
    assert "IAM_API_URL" not in environment(settings_of("aiv-prod"))
    assert "GITLAB_URL" not in found["hub"]["extraEnv"]


def test_credentials_come_from_their_secret_into_user_pods_alone() -> None:
    found = build(
        settings(
            {"services": {"catalogue": [service("trino", "https://a.example", credentials="trino-login")]}}
        )
    )
    services = found["custom"]["capabilities"]["services"]
    assert services == {"trino": {"environment": "platform-service-trino", "credentials": ["trino-login"]}}
    assert "trino-login" not in str({**found, "custom": {}}), "of all pods"


def test_a_bucket_of_ceph_is_found_through_what_rook_makes_for_its_claim() -> None:
    found = made("aiv-prod")["singleuser"]["extraEnv"]
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert found[key] == {"valueFrom": {"secretKeyRef": {"name": "jupyterhub-bucket", "key": key}}}
    assert found["S3_BUCKET"] == {
        "valueFrom": {"configMapKeyRef": {"name": "jupyterhub-bucket", "key": "BUCKET_NAME"}}
    }
    assert found["AWS_ENDPOINT_URL"] == found["S3_ENDPOINT_URL"] == "https://s3.aiv.internal"
    for part in ("NAME", "HOST", "PORT"):
        reference = {"name": "jupyterhub-bucket", "key": f"BUCKET_{part}"}
        assert found[f"BUCKET_{part}"] == {"valueFrom": {"configMapKeyRef": reference}}


def test_a_bucket_of_minio_is_found_with_the_keys_of_its_secret() -> None:
    found = made("carbon254")["singleuser"]["extraEnv"]
    assert found["S3_BUCKET"] == "jupyter"
    assert found["AWS_ENDPOINT_URL"] == "http://minio.minio:9000"
    assert found["AWS_SECRET_ACCESS_KEY"]["valueFrom"]["secretKeyRef"]["name"] == "jupyter-minio"
    assert found["BUCKET_NAME"] == "jupyter"


@pytest.mark.parametrize("stack", ["aiv-prod", "carbon254"])
def test_clients_of_a_bucket_need_no_line_of_configuration(stack: str) -> None:
    """A region, which they insist on, and no checksums, which many a gateway refuses."""
    found = made(stack)["singleuser"]["extraEnv"]
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "us-east-1"
    assert found["AWS_REQUEST_CHECKSUM_CALCULATION"] == "when_required"
    assert found["AWS_RESPONSE_CHECKSUM_VALIDATION"] == "when_required"


def test_every_client_is_told_of_the_authorities_where_they_are_mounted() -> None:
    found = made("local", BUNDLE)
    pods = (found["hub"], {**found["singleuser"], **found["singleuser"]["storage"]})
    for pod in pods:
        assert {pod["extraEnv"][name] for name in VARIABLES} == {PLACE}
        volume = {"name": "certificate-authorities", "configMap": {"name": "company"}}
        assert volume in pod["extraVolumes"]
        (mount,) = [one for one in pod["extraVolumeMounts"] if one["name"] == volume["name"]]
        assert mount["mountPath"] == "/etc/certificate-authorities"
        # A subPath would never see a renewed bundle.
        assert "subPath" not in mount


def test_the_database_lies_on_the_claim_of_the_storage_component() -> None:
    hub = made("local", {"database": {"claim": "elsewhere"}})["hub"]
    (volume,), (mount,) = hub["extraVolumes"], hub["extraVolumeMounts"]
    assert volume["persistentVolumeClaim"] == {"claimName": "elsewhere"}
    assert hub["db"]["url"] == f"sqlite:///{mount['mountPath']}/jupyterhub.sqlite"
    assert volume["name"] == mount["name"]


def test_a_database_of_others_is_verified_and_its_password_is_in_no_address() -> None:
    database = made("aiv-prod")["hub"]["db"]
    where = "postgresql+psycopg2://jupyterhub@postgres.aiv.internal:5432/jupyterhub"
    assert database == {"type": "postgres", "url": f"{where}?sslmode=verify-full&sslrootcert={PLACE}"}
    assert made("carbon254")["hub"]["db"]["url"].endswith("?sslmode=require")


@pytest.mark.parametrize("source", [{"source": "cluster"}])
def test_a_password_that_others_keep_reaches_libpq_from_their_secret(source: Document) -> None:
    assert "PGPASSWORD" not in made("aiv-prod")["hub"]["extraEnv"]
    assert made("aiv-prod", {"secrets": source})["hub"]["extraEnv"]["PGPASSWORD"] == {
        "valueFrom": {"secretKeyRef": {"name": "jupyterhub-database", "key": "password"}}
    }


def test_without_a_bundle_public_authorities_verify_the_database() -> None:
    url = made("aiv-prod", {"cluster": {"caBundle": None}})["hub"]["db"]["url"]
    assert url.endswith("sslrootcert=/etc/ssl/certs/ca-certificates.crt")


def test_who_goes_out_through_the_egress_proxy_is_told_of_it() -> None:
    found = made("aiv-prod")
    assert found["hub"]["extraEnv"]["HTTPS_PROXY"] == "http://proxy.aiv.internal:3128"
    # The hub's client of the API server obeys the variable too.
    assert "$(KUBERNETES_SERVICE_HOST)" in found["hub"]["extraEnv"]["NO_PROXY"].split(",")
    assert "HTTPS_PROXY" not in found["singleuser"]["extraEnv"]
