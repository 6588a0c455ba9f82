"""Values by which notebooks find platform services and object storage: variables, one table by kind."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from chart.merge import Values
from settings import Settings
from settings.services import Kind, Service
from settings.storage import CephS3, Minio

Variables = dict[str, str]

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "kafka": 9092, "ray": 10001}


def _port(url: SplitResult) -> str:
    return str(url.port or _PORTS.get(url.scheme, 443))


def _at(variable: str) -> Callable[[SplitResult], Variables]:
    return lambda url: {variable: url.geturl()}


def _trino(url: SplitResult) -> Variables:
    return {"TRINO_HOST": url.hostname or "", "TRINO_PORT": _port(url), "TRINO_HTTP_SCHEME": url.scheme}


def _postgresql(url: SplitResult) -> Variables:
    return {"PGHOST": url.hostname or "", "PGPORT": _port(url)}


def _kafka(url: SplitResult) -> Variables:
    return {"KAFKA_BOOTSTRAP_SERVERS": f"{url.hostname}:{_port(url)}"}


# The names that the services' own clients read, where they read any.
TABLE: dict[Kind, Callable[[SplitResult], Variables]] = {
    "gitlab": _at("GITLAB_URL"),
    "artifactory": _at("ARTIFACTORY_URL"),
    "cephS3": _at("CEPH_S3_URL"),
    "iamApi": _at("IAM_API_URL"),
    "trino": _trino,
    "minio": _at("MINIO_URL"),
    "mlflow": _at("MLFLOW_TRACKING_URI"),
    "postgresql": _postgresql,
    "datahub": _at("DATAHUB_GMS_URL"),
    "ray": _at("RAY_ADDRESS"),
    "kafka": _kafka,
}
_BUCKET = ("NAME", "HOST", "PORT")
_CHECKSUMS = ("AWS_REQUEST_CHECKSUM_CALCULATION", "AWS_RESPONSE_CHECKSUM_VALIDATION")


def services(settings: Settings) -> Values:
    """Tell the hub where its services are; user pods are told at their start, each what its owner may use."""
    hub: Variables = {}
    for service in settings.services.catalogue:
        if service.used_by != "users":
            hub |= variables(service)
    return {"hub": {"extraEnv": hub}} if hub else {}


def variables(service: Service) -> Variables:
    """Give a service's variables; a name of its own stands at their end, to tell two of a kind apart."""
    end = "_" + service.name.upper().replace("-", "_") if service.name else ""
    return {f"{name}{end}": value for name, value in TABLE[service.kind](urlsplit(service.url)).items()}


def object_store(settings: Settings) -> Values:
    """Give users address and keys of the bucket, under the names that S3 clients read."""
    store = settings.storage.object_store
    if isinstance(store, CephS3):
        # Rook names Secret and ConfigMap like the claim, and these are its keys.
        named: Values = {
            "S3_BUCKET": _from("configMap", store.claim, "BUCKET_NAME"),
            "S3_HOST": _from("configMap", store.claim, "BUCKET_HOST"),
            **{f"BUCKET_{part}": _from("configMap", store.claim, f"BUCKET_{part}") for part in _BUCKET},
        }
        secret = store.claim
    elif isinstance(store, Minio):
        named, secret = dict.fromkeys(("S3_BUCKET", "BUCKET_NAME"), store.bucket), store.credentials
    else:
        return {}
    keys = {key: _from("secret", secret, key) for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    where = dict.fromkeys(("S3_ENDPOINT_URL", "AWS_ENDPOINT_URL"), store.endpoint)
    where |= dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), store.region)
    # What newer clients add by themselves is refused by gateways that do not know it.
    sums = dict.fromkeys(_CHECKSUMS, "when_required")
    return {"singleuser": {"extraEnv": {**named, **keys, **where, **sums}}}


def _from(kind: str, name: str, key: str) -> Values:
    return {"valueFrom": {f"{kind}KeyRef": {"name": name, "key": key}}}
