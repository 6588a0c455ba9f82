"""What a stack finds in the cluster beside its own: volumes, a database, other projects' kinds, Secrets."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from cryptography import x509

from embedded import images
from embedded.node import pki, runtime
from embedded.node.layout import layout
from embedded.paths import find
from embedded.world import cluster
from tests.e2e.hub import engine_of_this_machine

pytestmark = pytest.mark.node

STACK = "surroundings"
NAMESPACE = "surroundings"
HOST = "hub.surroundings.internal"
DATABASE = "postgres.surroundings.internal"
PASSWORD, ANOTHER = "it's the first one", "and the second one"
Json = dict[str, Any]

DOCUMENT: Json = {
    "namespace": {"name": NAMESPACE},
    "ingress": {"host": HOST, "controller": "gateway"},
    "tls": {"source": "existingSecret", "secretName": "kept-by-others"},
    "images": {"hub": {"name": "registry.example.com/hub", "tag": "1"}, "pullSecrets": ["registry"]},
    "storage": {"objectStore": {"kind": "cephS3", "endpoint": "https://s3.surroundings.internal"}},
    "secrets": {"source": "externalSecrets"},
    "monitoring": {"operator": True},
    "database": {"kind": "external", "host": DATABASE},
}


@dataclass(frozen=True)
class Cluster:
    """The running node, asked with kubectl in one namespace."""

    env: Mapping[str, str]
    built: dict[str, images.Image]

    def ask(self, *args: str, given: Json | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["kubectl", "--namespace", NAMESPACE, *args],
            env=self.env,
            input=json.dumps(given) if given else "",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def apply(self, document: Json) -> None:
        done = self.ask("apply", "--server-side", "--filename", "-", given=document)
        assert done.returncode == 0, done.stderr

    def get(self, *what: str) -> Json:
        done = self.ask("get", *what, "--output", "json")
        found: Json = json.loads(done.stdout) if done.returncode == 0 else {}
        return found

    def pod(self, name: str, image: str, volume: Json) -> None:
        """Start a pod that sleeps, with one volume at /volume, and wait until it runs."""
        container = {
            "name": "main",
            "image": self.built[image].ref,
            "imagePullPolicy": "Never",
            "command": ["sleep", "infinity"],
            "volumeMounts": [{"name": "volume", "mountPath": "/volume"}],
        }
        self.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name},
                "spec": {
                    "containers": [container],
                    "volumes": [{"name": "volume", **volume}],
                    "terminationGracePeriodSeconds": 0,
                },
            }
        )
        done = self.ask("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=100s")
        assert done.returncode == 0, self.ask("describe", "pod", name).stdout

    def run(self, pod: str, command: str) -> subprocess.CompletedProcess[str]:
        return self.ask("exec", pod, "--", "sh", "-c", command)


@pytest.fixture(scope="module")
def node() -> Iterator[Cluster]:
    """Provide the surroundings of a stack of the tests' own, and take them away."""
    paths = find()
    built = images.ensure(paths, extra=images.extras_for(DOCUMENT))
    runtime.load_images(layout(paths), built)
    found = Cluster(engine_of_this_machine().env, built)
    cluster.provide(paths, STACK, DOCUMENT, built, cluster.Beside(PASSWORD))
    found.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    yield found
    cluster.withdraw(paths, STACK)
    found.ask("delete", "namespace", NAMESPACE, "--timeout=100s")


def eventually(look: Callable[[], Any], seconds: float = 30) -> Any:  # noqa: ANN401 (whatever is found)
    deadline = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return found


def claim(name: str, storage_class: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": "1Mi"}},
        },
    }


@pytest.mark.parametrize("storage_class", ["cephfs", "standard"])
def test_two_pods_write_to_a_volume_that_many_may_mount(node: Cluster, storage_class: str) -> None:
    node.apply(claim(storage_class, storage_class))
    volume = {"persistentVolumeClaim": {"claimName": storage_class}}
    for one in ("a", "b"):
        node.pod(f"{storage_class}-{one}", "helper", volume)
        written = node.run(f"{storage_class}-{one}", f"echo {one} > /volume/{one}")
        assert written.returncode == 0, written.stderr
    for one in ("a", "b"):
        assert node.run(f"{storage_class}-{one}", "cat /volume/a /volume/b").stdout == "a\nb\n"


def test_a_block_device_is_not_shared(node: Cluster) -> None:
    node.apply(claim("device", "ceph-rbd"))
    pod: Json = {"containers": [{"name": "main", "image": node.built["helper"].ref}]}
    pod["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "device"}}]
    node.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "device"}, "spec": pod})
    refused = eventually(lambda: "access modes" in node.ask("describe", "pvc", "device").stdout, 60)
    assert refused, node.ask("describe", "pvc", "device").stdout


def select(node: Cluster, what: str, host: str, mode: str, password: str) -> subprocess.CompletedProcess[str]:
    """Ask the database from a pod; libpq reads the server's address apart from the name that it must show."""
    address = node.ask("-n", "postgresql", "get", "service", STACK, "-o", "jsonpath={.spec.clusterIP}").stdout
    place = f"host={host} hostaddr={address} dbname=jupyterhub user=jupyterhub connect_timeout=10"
    quoted = password.replace("'", "'\\''")
    ways = f"sslmode={mode} sslrootcert=/volume/ca.crt"
    return node.run("client", f"PGPASSWORD='{quoted}' psql -At -c \"{what}\" '{place} {ways}'")


def test_the_database_answers_over_tls_under_its_own_names_only(node: Cluster) -> None:
    authority = pki.ingress_authority(find().pki).certificate.read_text()
    node.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "authority"},
            "data": {"ca.crt": authority},
        }
    )
    node.pod("client", "postgres", {"configMap": {"name": "authority"}})
    for name in (DATABASE, f"{STACK}.postgresql.svc.cluster.local"):
        told = select(
            node, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", name, "verify-full", PASSWORD
        )
        assert told.stdout == "t\n", told.stderr
    assert "does not match" in select(node, "SELECT 1", "elsewhere.internal", "verify-full", PASSWORD).stderr
    assert "no pg_hba.conf entry" in select(node, "SELECT 1", DATABASE, "disable", PASSWORD).stderr
    assert "authentication failed" in select(node, "SELECT 1", DATABASE, "require", "guessed").stderr


def test_another_password_keeps_the_data(node: Cluster) -> None:
    made = select(node, "CREATE TABLE kept (it int)", DATABASE, "verify-full", PASSWORD)
    assert made.returncode == 0, made.stderr
    cluster.provide(find(), STACK, DOCUMENT, node.built, cluster.Beside(ANOTHER))
    found = select(node, "SELECT count(*) FROM kept", DATABASE, "verify-full", ANOTHER)
    assert found.stdout == "0\n", found.stderr
    assert "authentication failed" in select(node, "SELECT 1", DATABASE, "require", PASSWORD).stderr


KINDS = {
    "ServiceMonitor": ("monitoring.coreos.com/v1", {"selector": {}, "endpoints": "all of them"}),
    "PrometheusRule": ("monitoring.coreos.com/v1", {"groups": [{"rules": []}]}),
    "ExternalSecret": ("external-secrets.io/v1", {"refreshPolicy": "Sometimes"}),
    "HTTPRoute": ("gateway.networking.k8s.io/v1", {"hostnames": ["not a name"]}),
    "ObjectBucketClaim": ("objectbucket.io/v1alpha1", {"generateBucketName": "no-class"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_object_that_breaks_its_project_s_schema_is_refused(node: Cluster, kind: str) -> None:
    version, spec = KINDS[kind]
    document = {"apiVersion": version, "kind": kind, "metadata": {"name": "broken"}, "spec": spec}
    done = node.ask("create", "--filename", "-", given=document)
    assert done.returncode != 0
    assert "is invalid" in done.stderr or "must be of type" in done.stderr, done.stderr


def test_a_bucket_claim_is_answered(node: Cluster) -> None:
    spec = {"generateBucketName": "hub", "storageClassName": "ceph-s3"}
    metadata = {"name": "bucket"}
    node.apply(
        {
            "apiVersion": "objectbucket.io/v1alpha1",
            "kind": "ObjectBucketClaim",
            "metadata": metadata,
            "spec": spec,
        }
    )
    is_bound = eventually(lambda: node.get("obc", "bucket").get("status", {}).get("phase") == "Bound")
    assert is_bound, node.get("obc", "bucket")
    told = node.get("configmap", "bucket")["data"]
    assert (told["BUCKET_HOST"], told["BUCKET_PORT"]) == ("s3.surroundings.internal", "443")
    assert told["BUCKET_NAME"].startswith("hub-")
    assert set(node.get("secret", "bucket")["data"]) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    node.ask("delete", "obc", "bucket")
    assert eventually(lambda: not node.get("secret", "bucket"), 60)


def test_what_others_keep_is_there_and_comes_back(node: Cluster) -> None:
    for _ in range(2):
        found = eventually(lambda: node.get("secret", "kept-by-others"))
        shown = x509.load_pem_x509_certificate(base64.b64decode(found["data"]["tls.crt"]))
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert names.get_values_for_type(x509.DNSName) == [HOST]
        node.ask("delete", "secret", "kept-by-others")
    logins = eventually(lambda: node.get("secret", "registry"))
    assert logins["type"] == "kubernetes.io/dockerconfigjson"
