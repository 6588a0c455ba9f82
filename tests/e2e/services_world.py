"""Platform services as pods in namespaces of their own: real ones, and stubs of Trino and DataHub.

Kafka, MLflow and an S3 server run from the image `services`, Ray's head from the stack's notebook image;
PostgreSQL is the server that the stack's surroundings have anyway. Every pod has a second open port, so
that a closed way is told from a closed port.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
BESIDE = 9999
"""A port at which every pod of a service listens, and which nobody was granted."""
ELSEWHERE = "elsewhere"
"""A namespace that no setting names, with a listener at a port that services have."""
_STUB = Path(__file__).with_name("services_stub.py")
_LISTEN = (
    "import http.server, sys; "
    "http.server.HTTPServer(('', int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()"
)
_KAFKA = """\
cat > /tmp/kafka.properties <<'END'
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
advertised.listeners=PLAINTEXT://kafka.kafka:9092
controller.listener.names=CONTROLLER
log.dirs=/tmp/kafka
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
END
jars='/opt/services/kafka/*'
java -cp "$jars" kafka.tools.StorageTool format -t abcdefghijklmnopqrstuA -c /tmp/kafka.properties
exec java -Xms64m -Xmx256m -cp "$jars" kafka.Kafka /tmp/kafka.properties
"""
_S3 = "mkdir -p /tmp/s3/{bucket} && exec versitygw --quiet --port :9000 posix /tmp/s3"
_MLFLOW = """\
exec mlflow server --host 0.0.0.0 --port 5000 --workers 1 --allowed-hosts '*' \
  --backend-store-uri sqlite:////tmp/mlflow.db --artifacts-destination /tmp/artifacts
"""
# The raylet waits 15 s, whatever it is told, for the file with the dashboard agent's port: of all ports it is
# the only one that `ray start` does not hand on. Told the port, it waits for none. The other time-outs are
# variables. Its door opens before the agent that every client needs, so that is what `_UP` waits for.
# For each client the door forks, and gRPC's own handlers of a fork lose some of its children: they stay out.
_RAY = """\
export GRPC_ENABLE_FORK_SUPPORT=0
export RAY_agent_register_timeout_ms=100000 RAY_CLIENT_SERVER_CHECK_CHANNEL_TIMEOUT_S=100
cat > /tmp/head.py <<'END'
from ray._private import services
from ray.scripts.scripts import main

start = services.start_ray_process

def told(command, kind, *rest, **more):
    port = ["--dashboard_agent_listen_port=10011"] if kind == "raylet" else []
    return start([*command, *port], kind, *rest, **more)

services.start_ray_process = told
main()
END
start() {
  python3 /tmp/head.py start --head --port=6379 --ray-client-server-port=10001 --include-dashboard=false \
  --dashboard-agent-listen-port=10011 --dashboard-agent-grpc-port=10012 --runtime-env-agent-port=10013 \
  --metrics-export-port=10014 --min-worker-port=10100 --max-worker-port=10150 \
  --num-cpus=1 --object-store-memory=80000000 --disable-usage-stats
}
until start; do ray stop --force; done
until bash -c ": < /dev/tcp/$(hostname -i)/10013"; do sleep 1; done
touch /tmp/up
exec sleep infinity
"""
_UP = ("test", "-f", "/tmp/up")  # noqa: S108 (inside a pod)


@dataclass(frozen=True)
class Served:
    """One service: its program, and how it is called and reached."""

    kind: str
    namespace: str
    name: str
    port: int
    image: str
    command: str
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    guarded: bool = True
    """Whether its namespace lets in only who its owner was asked to let in; else ours alone is tried."""
    cpu: str = "10m"
    """Its share of a busy machine."""
    memory: str = "768Mi"
    ready: tuple[str, ...] = ()
    """What to ask inside the pod, where an open port does not yet mean that it works."""

    @property
    def target(self) -> str:
        """The pod, for kubectl."""
        return f"pod/{self.name}"


def served(image: str, notebook: str, keys: Mapping[str, str], bucket: str) -> list[Served]:
    """Give the services that 254Carbon's catalogue names, beside PostgreSQL."""
    stub = "exec python3 /stub/services_stub.py {}"
    return [
        Served("trino", "trino", "trino", 8080, image, stub.format("trino"), guarded=False, memory="64Mi"),
        Served(
            "minio", "minio", "minio", 9000, image, _S3.format(bucket=bucket), _root(keys), memory="128Mi"
        ),
        Served("mlflow", "mlflow", "mlflow", 5000, image, _MLFLOW, _QUIET, cpu="100m", memory="1Gi"),
        Served(
            "datahub",
            "datahub",
            "datahub-gms",
            8080,
            image,
            stub.format("datahub"),
            guarded=False,
            memory="64Mi",
        ),
        Served("ray", "ray", "ray-head", 10001, notebook, _RAY, cpu="100m", memory="2Gi", ready=_UP),
        Served("kafka", "kafka", "kafka", 9092, image, _KAFKA, cpu="100m"),
    ]


_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def _root(keys: Mapping[str, str]) -> dict[str, str]:
    return {
        "ROOT_ACCESS_KEY_ID": keys["AWS_ACCESS_KEY_ID"],
        "ROOT_SECRET_ACCESS_KEY": keys["AWS_SECRET_ACCESS_KEY"],
    }


def objects(service: Served, hub_namespace: str, release: str) -> list[Json]:
    """Give everything that one service consists of, the namespace first."""
    labels, namespace = {"app": service.name}, service.namespace
    made: list[Json] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
        _config(namespace),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service.name, "namespace": namespace},
            "spec": {
                "selector": labels,
                "ports": [{"port": port, "name": f"p{port}"} for port in (service.port, BESIDE)],
            },
        },
        _pod(service, labels),
    ]
    return [*made, *(_policies(service, hub_namespace, release) if service.guarded else ())]


def _config(namespace: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stub", "namespace": namespace},
        "data": {_STUB.name: _STUB.read_text()},
    }


def _pod(service: Served, labels: Mapping[str, str]) -> Json:
    env = [{"name": name, "value": value} for name, value in service.env.items()]
    mounts = [{"name": "stub", "mountPath": "/stub"}, {"name": "shm", "mountPath": "/dev/shm"}]  # noqa: S108
    main = {
        **_container(service.kind, service.image, service.port),
        "command": ["tini", "--", "sh", "-c", service.command],
        "env": env,
        "volumeMounts": mounts,
        "resources": {
            "requests": {"cpu": service.cpu, "memory": "64Mi"},
            "limits": {"memory": service.memory},
        },
    }
    if service.ready:
        main["readinessProbe"] = {"exec": {"command": list(service.ready)}, "periodSeconds": 2}
    beside = {
        **_container("beside", service.image, BESIDE),
        "command": ["python3", "-c", _LISTEN, str(BESIDE)],
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": service.name, "namespace": service.namespace, "labels": dict(labels)},
        "spec": {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
            "containers": [main, beside],
            "volumes": [
                {"name": "stub", "configMap": {"name": "stub"}},
                {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "128Mi"}},
            ],
        },
    }


def _container(name: str, image: str, port: int) -> Json:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "Never",
        "ports": [{"containerPort": port}],
        "readinessProbe": {"tcpSocket": {"port": port}, "periodSeconds": 2, "timeoutSeconds": 5},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def _policies(service: Served, hub_namespace: str, release: str) -> Iterator[Json]:
    """The owner's own: nobody in, but the pods that docs/services.md asks the owner to let in."""
    ours = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": hub_namespace}},
        "podSelector": {"matchLabels": {"component": "singleuser-server", "release": release}},
    }
    let_in = [{"from": [ours], "ports": [{"port": service.port}]}]
    for name, rules in (("nobody", []), ("notebooks", let_in)):
        yield {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": name, "namespace": service.namespace},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules},
        }
