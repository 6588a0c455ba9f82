"""Each service's own client, made from the catalogue and the environment. Imported only when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from platform_services.catalogue import Service
from platform_services.errors import MissingLibrary

Options = dict[str, Any]


@dataclass(frozen=True)
class Client:
    """How a kind of service is connected, and what it needs to be."""

    open: Callable[[Service, Options], Any]
    gives: str
    """What the caller gets, for a person."""
    packages: tuple[str, ...] = ()
    """What to install where the library is missing."""
    credentials: tuple[str, ...] = ()
    """Variables that hold this kind's credentials."""


def library(service: Service, *modules: str) -> Any:
    """Import the first of these that is there."""
    for module in modules:
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and not module.startswith(error.name.partition(".")[0]):
                raise _missing(service, error.name) from None
    raise _missing(service, modules[0])


def _missing(service: Service, module: str) -> MissingLibrary:
    packages = " ".join(CLIENTS[service.kind].packages)
    return MissingLibrary(
        f"The client of {service.name} is not installed: Python has no module {module}.",
        "The service may be up; this notebook has no words for it.",
        f"Install it into your home: pip install --user {packages}",
    )


def _who(service: Service, variable: str) -> str:
    """Give the user's name at a service; without one, the name at the hub."""
    return service.variable(variable) or service.variable("JUPYTERHUB_USER") or "jovyan"


def _given(**options: Any) -> Options:
    """Leave out what nobody gave: the library's own default holds."""
    return {name: value for name, value in options.items() if value is not None}


def _trino(service: Service, options: Options) -> Any:
    trino = library(service, "trino")
    token, password = service.variable("TRINO_TOKEN"), service.variable("TRINO_PASSWORD")
    user = options.pop("user", None) or _who(service, "TRINO_USER")
    auth = None
    if service.parts.scheme == "https":  # over plain HTTP anybody on the way would read it
        if token:
            auth = trino.auth.JWTAuthentication(token)
        elif password:
            auth = trino.auth.BasicAuthentication(user, password)
    known = _given(
        auth=auth, catalog=service.variable("TRINO_CATALOG"), schema=service.variable("TRINO_SCHEMA")
    )
    place = {"host": service.host, "port": service.port, "http_scheme": service.parts.scheme}
    return trino.dbapi.connect(**{**place, "user": user, **known, **options})


def _postgresql(service: Service, options: Options) -> Any:
    wants_engine = options.pop("engine", False)
    user = _who(service, "PGUSER")
    known = {
        **_given(
            password=service.variable("PGPASSWORD"),
            dbname=service.variable("PGDATABASE") or service.parts.path.strip("/") or None,
            sslmode=service.variable("PGSSLMODE"),
            sslrootcert=service.variable("PGSSLROOTCERT"),
        ),
        **{"host": service.host, "port": service.port, "user": user, "connect_timeout": 10},
        **options,
    }
    driver = library(service, "psycopg", "psycopg2")
    if not wants_engine:
        return driver.connect(**known)
    alchemy = library(service, "sqlalchemy")
    dialect = "psycopg" if driver.__name__ == "psycopg" else "psycopg2"
    # A creator, and no address: an engine shows its address to whoever prints it.
    return alchemy.create_engine(
        f"postgresql+{dialect}://", creator=lambda: driver.connect(**known), pool_pre_ping=True
    )


def _s3(service: Service, options: Options) -> Any:
    prefix = "MINIO" if service.kind == "minio" else "CEPH_S3"
    region = service.variable("AWS_REGION") or service.variable("AWS_DEFAULT_REGION") or "us-east-1"
    key = options.pop("key", None) or _s3_key(service, prefix, "ACCESS_KEY", "AWS_ACCESS_KEY_ID")
    secret = options.pop("secret", None) or _s3_key(service, prefix, "SECRET_KEY", "AWS_SECRET_ACCESS_KEY")
    if options.pop("filesystem", False):
        s3fs = library(service, "s3fs")
        more = {"client_kwargs": {"region_name": region}, "config_kwargs": _S3}
        return s3fs.S3FileSystem(key=key, secret=secret, endpoint_url=service.url, **{**more, **options})
    boto3, config = library(service, "boto3"), library(service, "botocore.config")
    known = _given(aws_access_key_id=key, aws_secret_access_key=secret)
    made = {"endpoint_url": service.url, "region_name": region, "config": config.Config(**_S3)}
    return boto3.client("s3", **{**made, **known, **options})


# Buckets in the path: names such as bucket.minio.minio are known to no resolver of a cluster.
_S3: Mapping[str, Any] = {
    "s3": {"addressing_style": "path"},
    "connect_timeout": 10,
    "retries": {"max_attempts": 3},
}


def _s3_key(service: Service, prefix: str, own: str, common: str) -> str | None:
    return service.variable(f"{prefix}_{own}") or service.variable(common)


def _mlflow(service: Service, options: Options) -> Any:
    mlflow = library(service, "mlflow")
    mlflow.set_tracking_uri(service.url)
    if experiment := options.pop("experiment", None):
        mlflow.set_experiment(experiment)
    return mlflow


def _datahub(service: Service, options: Options) -> Any:
    token = options.pop("token", None) or service.variable("DATAHUB_GMS_TOKEN")
    try:
        graph = library(service, "datahub.ingestion.graph.client")
    except MissingLibrary:
        return library(service, "platform_services.rest").Rest(service.url, token)
    config = graph.DatahubClientConfig(
        **{"server": service.url, "token": token, "timeout_sec": 10, **options}
    )
    return graph.DataHubGraph(config)


def _ray(service: Service, options: Options) -> Any:
    ray = library(service, "ray")
    return ray.init(**{"address": service.url, **options})


def _kafka(service: Service, options: Options) -> Any:
    library(service, "confluent_kafka")
    streams = library(service, "platform_services.streams")
    user, password = service.variable("KAFKA_USERNAME"), service.variable("KAFKA_PASSWORD")
    known = _given(
        **{
            "security.protocol": service.variable("KAFKA_SECURITY_PROTOCOL"),
            "ssl.ca.location": service.variable("KAFKA_SSL_CA_LOCATION"),
            "sasl.mechanisms": (service.variable("KAFKA_SASL_MECHANISM") or "PLAIN") if user else None,
            "sasl.username": user,
            "sasl.password": password,
        }
    )
    return streams.Kafka(service, {"bootstrap.servers": service.address, **known, **options})


def _gitlab(service: Service, options: Options) -> Any:
    gitlab = library(service, "gitlab")
    token = options.pop("token", None) or service.variable("GITLAB_TOKEN")
    return gitlab.Gitlab(service.url, **{"private_token": token, "timeout": 10, **options})


def _rest(variable: str, scheme: str = "Bearer") -> Callable[[Service, Options], Any]:
    def opened(service: Service, options: Options) -> Any:
        rest = library(service, "platform_services.rest")
        token = options.pop("token", None) or service.variable(variable)
        return rest.Rest(service.url, token, scheme)

    return opened


CLIENTS: Mapping[str, Client] = {
    "trino": Client(_trino, "a DBAPI connection", ("trino",), ("TRINO_PASSWORD", "TRINO_TOKEN")),
    "postgresql": Client(
        _postgresql,
        "a psycopg connection; engine=True: an SQLAlchemy engine",
        ("psycopg[binary]", "sqlalchemy"),
        ("PGPASSWORD",),
    ),
    "minio": Client(
        _s3,
        "a boto3 client; filesystem=True: s3fs",
        ("boto3", "s3fs"),
        ("MINIO_ACCESS_KEY", "MINIO_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ),
    "cephS3": Client(
        _s3,
        "a boto3 client; filesystem=True: s3fs",
        ("boto3", "s3fs"),
        ("CEPH_S3_ACCESS_KEY", "CEPH_S3_SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    ),
    "mlflow": Client(
        _mlflow,
        "the mlflow module, set to this server",
        ("mlflow-skinny",),
        ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"),
    ),
    "datahub": Client(
        _datahub,
        "a DataHubGraph; a session for its REST API where that library is missing",
        ("acryl-datahub",),
        ("DATAHUB_GMS_TOKEN",),
    ),
    "ray": Client(_ray, "ray's client context; then `import ray`", ("ray[client]",)),
    "kafka": Client(_kafka, "a maker of producers and consumers", ("confluent-kafka",), ("KAFKA_PASSWORD",)),
    "gitlab": Client(_gitlab, "a gitlab.Gitlab", ("python-gitlab",), ("GITLAB_TOKEN",)),
    "artifactory": Client(
        _rest("ARTIFACTORY_TOKEN"),
        "a requests session for its address",
        ("requests",),
        ("ARTIFACTORY_TOKEN",),
    ),
    "iamApi": Client(
        _rest("IAM_API_TOKEN"), "a requests session for its address", ("requests",), ("IAM_API_TOKEN",)
    ),
}
