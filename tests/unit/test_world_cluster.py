"""What a stack finds in the cluster beside its own: its database, and what others keep in its namespace."""

from __future__ import annotations

import base64
import copy
import json
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from embedded.fault import Fault
from embedded.images.extras import EXTRAS
from embedded.netpol.api import Access
from embedded.node import api, pki
from embedded.node.layout import Layout
from embedded.paths import Paths
from embedded.world import cluster, database, neighbours, others
from embedded.world.buckets import Gateway
from embedded.world.neighbours import Neighbours
from tests.unit.documents import STACKS, committed

Json = dict[str, Any]
CLAIM = {
    "metadata": {"name": "bucket", "namespace": "hub", "uid": "1234"},
    "spec": {"generateBucketName": "hub", "storageClassName": "ceph"},
}


@pytest.fixture
def pair(tmp_path: Path) -> pki.Pair:
    made = pki.pair(tmp_path, "server")
    made.certificate.write_text("certificate")
    made.key.write_text("key")
    return made


def server_of(stack: str, password: str = "a long password") -> database.Wanted:  # noqa: S107
    found = database.wanted(stack, committed(stack), password)
    assert found
    return found


def part(documents: list[Json], kind: str) -> Json:
    return next(each for each in documents if each["kind"] == kind)


def decoded(secret: Json) -> dict[str, str]:
    return {key: base64.b64decode(value).decode() for key, value in secret["data"].items()}


def test_a_database_in_this_cluster_has_the_name_that_the_stack_calls_it_by() -> None:
    assert server_of("carbon254").place == ("postgresql", "postgresql")
    assert server_of("carbon254").names[0] == "postgresql.postgresql.svc.cluster.local"


def test_a_database_outside_lies_beside_the_others_and_knows_its_outside_name() -> None:
    found = server_of("aiv-prod")
    assert found.place == ("aiv-prod", "postgresql")
    assert found.names[0] == committed("aiv-prod")["database"]["host"]


def test_no_two_stacks_share_a_server(pair: pki.Pair) -> None:
    external = [stack for stack in STACKS if committed(stack)["database"]["kind"] == "external"]
    assert len(external) > 1
    selectors = []
    for stack in external:
        documents = database.objects(server_of(stack), "image", pair)
        service, deployment = part(documents, "Service"), part(documents, "Deployment")
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert service["spec"]["selector"] == labels == deployment["spec"]["selector"]["matchLabels"]
        selectors.append(labels)
    assert len({json.dumps(labels) for labels in selectors}) == len(external)


def test_a_stack_without_a_database_gets_none_and_one_without_a_password_is_refused() -> None:
    assert database.wanted("lab", committed("lab"), None) is None
    with pytest.raises(Fault, match="password"):
        database.wanted("aiv-prod", committed("aiv-prod"), "")


def test_another_password_starts_the_server_anew_and_the_same_does_not(pair: pki.Pair) -> None:
    def template(password: str) -> Json:
        documents = database.objects(server_of("aiv-prod", password), "image", pair)
        found: Json = part(documents, "Deployment")["spec"]["template"]
        return found

    assert template("one") == template("one")
    assert template("one") != template("two")
    assert "one" not in json.dumps(template("one"))


def test_the_server_s_files_belong_to_the_user_of_its_image(pair: pki.Pair) -> None:
    documents = database.objects(server_of("aiv-prod"), "image", pair)
    pod = part(documents, "Deployment")["spec"]["template"]["spec"]
    image = next(each for each in EXTRAS if each.name == "postgres")
    assert str(image.config["User"]) == f"{database.USER}:{pod['securityContext']['fsGroup']}"


def test_every_object_of_the_server_has_an_address(pair: pki.Pair) -> None:
    documents = [*database.objects(server_of("aiv-prod"), "image", pair), *cluster.rights()]
    assert len({api.address(each) for each in documents}) == len(documents)


def test_a_server_is_there_once_the_newest_pod_is_ready() -> None:
    status = {"observedGeneration": 2, "updatedReplicas": 1, "readyReplicas": 1}
    assert database._rolled_out({"metadata": {"generation": 2}, "status": status})
    assert not database._rolled_out({"metadata": {"generation": 3}, "status": status})
    assert not database._rolled_out({})


class Servers:
    """An API server that says what it was asked, and finds one object of each kind."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.deleted: list[str] = []

    def items(self, path: str) -> list[Json]:
        self.asked.append(path)
        return [{"metadata": {"name": "one", "namespace": "postgresql"}}]

    def delete(self, path: str) -> None:
        self.deleted.append(path)


@pytest.mark.parametrize(
    ("stack", "selector"), [("lab", "embedded%2Fstack%3Dlab"), (None, "embedded%2Fstack")]
)
def test_a_server_goes_with_all_of_its_objects_and_no_others(stack: str | None, selector: str) -> None:
    servers: Any = Servers()
    database.remove(servers, stack)
    assert all(path.endswith(f"?labelSelector={selector}") for path in servers.asked)
    gone = {path.split("/")[-2] for path in servers.deleted}
    assert gone == {"deployments", "services", "persistentvolumeclaims", "secrets"}


@pytest.mark.parametrize("stack", STACKS)
def test_others_keep_the_secrets_that_a_stack_names_and_does_not_make(stack: str) -> None:
    document = committed(stack)
    found = {each["metadata"]["name"]: each for each in others.kept_by_others(document, "C", "K")}
    wanted = set(document["images"].get("pullSecrets", ()))
    if document["tls"]["source"] == "existingSecret":
        wanted.add(document["tls"]["secretName"])
        assert decoded(found[document["tls"]["secretName"]]) == {"tls.crt": "C", "tls.key": "K"}
    entries = [document["storage"].get("objectStore", {}), *document.get("services", {}).get("catalogue", ())]
    wanted |= {entry.get("credentials") for entry in entries} - {None}
    assert set(found) == wanted
    assert {each["metadata"]["namespace"] for each in found.values()} <= {document["namespace"]["name"]}


def test_each_kind_s_credentials_have_the_names_that_its_clients_read() -> None:
    document = committed("carbon254")
    found = {each["metadata"]["name"]: decoded(each) for each in others.kept_by_others(document, "C", "K")}
    assert {name: set(keys) for name, keys in found.items()} == {
        "jupyter-minio": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"},
        "jupyter-postgresql": {"PGUSER", "PGPASSWORD", "PGDATABASE"},
    }
    assert len(found["jupyter-postgresql"]["PGPASSWORD"]) >= 32
    assert others.kept_by_others(document, "C", "K") == others.kept_by_others(document, "C", "K")


def test_one_secret_for_two_services_has_the_keys_of_both() -> None:
    document = copy.deepcopy(committed("carbon254"))
    for entry in document["services"]["catalogue"]:
        if entry["kind"] == "postgresql":
            entry["credentials"] = "jupyter-minio"
    (one,) = others.kept_by_others(document, "C", "K")
    assert {"AWS_ACCESS_KEY_ID", "PGPASSWORD"} <= set(decoded(one))


def test_a_registry_s_login_is_for_the_registry_of_the_images() -> None:
    (login,) = others.kept_by_others(committed("aiv-prod"), "C", "K")
    assert login["type"] == "kubernetes.io/dockerconfigjson"
    assert set(json.loads(decoded(login)[others.DOCKER])["auths"]) == {"artifactory.aiv.internal"}


@pytest.mark.parametrize(
    ("endpoint", "port"), [("https://s3.x", "443"), ("http://s3.x", "80"), ("http://s3.x:9", "9")]
)
def test_a_bucket_claim_s_answer_goes_with_the_claim(endpoint: str, port: str) -> None:
    answers = others.answer(CLAIM, endpoint)
    assert {each["metadata"]["ownerReferences"][0]["uid"] for each in answers} == {"1234"}
    told = part(answers, "ConfigMap")["data"]
    assert (told["BUCKET_HOST"], told["BUCKET_PORT"]) == ("s3.x", port)
    assert told["BUCKET_NAME"].startswith("hub-")
    assert part(answers, "Secret") == part(others.answer(CLAIM, endpoint), "Secret")


def test_an_answer_that_was_cut_short_is_given_again() -> None:
    first, again = (others.answer(CLAIM, "https://s3.x") for _ in range(2))
    assert first == again
    other = {**CLAIM, "metadata": {**CLAIM["metadata"], "uid": "5678"}}
    assert others.bucket_of(first)[0] != others.bucket_of(others.answer(other, "https://s3.x"))[0]
    assert others.bucket_of(first)[1] == decoded(part(first, "Secret"))


def test_a_bucket_that_a_claim_names_keeps_its_name() -> None:
    named = {**CLAIM, "spec": {"bucketName": "ours", "storageClassName": "ceph"}}
    assert part(others.answer(named, "https://s3.x"), "ConfigMap")["data"]["BUCKET_NAME"] == "ours"


class Memory(Neighbours):
    """Neighbours of a cluster that is a dictionary."""

    def __init__(self, folder: Path, objects: dict[str, Json]) -> None:
        super().__init__(Access("https://cluster", authority=True, certificate=None, token=None), folder)
        self.objects = objects
        self.writes: list[str] = []

    def _get(self, path: str) -> Json | None:
        return self.objects.get(path)

    def _send(self, method: str, path: str, body: object, kind: str) -> None:
        self.writes.append(path.partition("?")[0])
        assert isinstance(body, dict)
        self.objects[path.partition("?")[0]] = body


NAMESPACE = "/api/v1/namespaces/hub"
KINDS = ("secrets", "configmaps")
ACTIVE: Json = {"status": {"phase": "Active"}}
SECRET: Json = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "tls", "namespace": "hub"},
    "data": {"a": "b"},
}
CLAIMS = f"/apis/{others.CLAIMS}/objectbucketclaims"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stack = {"namespace": "hub", "objects": [SECRET], "endpoint": "https://s3.x"}
    (tmp_path / "stack.json").write_text(json.dumps(stack))
    return tmp_path


@pytest.mark.parametrize("there", [{}, {NAMESPACE: {"status": {"phase": "Terminating"}}}])
def test_nothing_is_made_in_a_namespace_that_is_away_or_going(folder: Path, there: dict[str, Json]) -> None:
    memory = Memory(folder, there)
    memory.round()
    assert memory.writes == []


def test_what_is_missing_or_changed_is_made_and_what_is_right_stays(folder: Path) -> None:
    memory = Memory(folder, {NAMESPACE: ACTIVE})
    memory.round()
    memory.round()
    assert memory.writes == [f"{NAMESPACE}/secrets/tls"]
    memory.objects[f"{NAMESPACE}/secrets/tls"] = {"data": {"a": "another"}}
    memory.round()
    assert len(memory.writes) == 2


def test_a_claim_is_answered_once_and_only_in_a_stack_s_namespace(folder: Path) -> None:
    foreign = {**CLAIM, "metadata": {**CLAIM["metadata"], "namespace": "elsewhere"}}
    bound = {**CLAIM, "status": {"phase": "Bound"}}
    going = {**CLAIM, "metadata": {**CLAIM["metadata"], "deletionTimestamp": "now"}}
    memory = Memory(folder, {CLAIMS: {"items": [foreign, bound, going]}})
    memory.round()
    assert memory.writes == []
    memory.objects[CLAIMS] = {"items": [CLAIM]}
    memory.round()
    # The status comes last: whoever waits for it finds the rest.
    assert [path.rpartition("/")[2] for path in memory.writes] == ["bucket", "bucket", "status"]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An object gateway's command that writes down what it is told; beside it, it is told what to answer."""
    place = tmp_path / "bin" / "nsenter"
    place.parent.mkdir()
    place.write_text(f"""#!/bin/sh
echo "$ADMIN_ACCESS_KEY_ID $*" >> {tmp_path}/told
test -f {tmp_path}/answer || exit 0
cat {tmp_path}/answer; exit 1
""")
    place.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place.parent}:/usr/bin:/bin")
    return tmp_path


GATEWAY = Gateway("versitygw", "/run/netns", "https://10.50.40.6:443", "root", "a password")


def test_the_bucket_is_there_before_anybody_hears_of_it(folder: Path, program: Path) -> None:
    stack = json.loads((folder / "stack.json").read_text())
    (folder / "stack.json").write_text(json.dumps({**stack, "gateway": asdict(GATEWAY)}))
    (program / "answer").write_text("connection refused")
    memory = Memory(folder, {CLAIMS: {"items": [CLAIM]}})
    with pytest.raises(OSError, match="connection refused"):
        memory.round()
    assert memory.writes == []
    (program / "answer").unlink()
    memory.round()
    assert [path.rpartition("/")[2] for path in memory.writes] == ["bucket", "bucket", "status"]
    made, keys = others.bucket_of([memory.objects[f"{NAMESPACE}/{kind}/bucket"] for kind in KINDS])
    told = (program / "told").read_text().splitlines()[1:]
    assert all(line.startswith("root --net=/run/netns versitygw admin") for line in told)
    assert f"create-user --access {keys['AWS_ACCESS_KEY_ID']}" in told[0]
    assert told[1].endswith(f"create-bucket --owner {keys['AWS_ACCESS_KEY_ID']} --bucket {made}")


@pytest.mark.parametrize("said", ["XAdminUserExists: there is one", "BucketAlreadyOwnedByYou: it is yours"])
def test_what_the_gateway_has_is_not_made_twice(program: Path, said: str) -> None:
    (program / "answer").write_text(said)
    GATEWAY.make("one", {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"})
    assert len((program / "told").read_text().splitlines()) == 2


def test_the_password_of_the_gateway_is_on_no_command_line(program: Path) -> None:
    GATEWAY.make("one", {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "B"})
    assert "a password" not in (program / "told").read_text()
    assert "a password" not in repr(GATEWAY)


def test_a_fault_is_said_once_and_does_not_end_the_loop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = threading.Event()
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 4:
            stop.set()
        raise OSError("away")

    monkeypatch.setattr(neighbours, "PAUSE", 0.001)
    neighbours.follow(look, stop)
    said = capsys.readouterr()
    assert (said.out + said.err).count("away") == 1


def test_the_neighbours_may_not_list_secrets_nor_delete_anything() -> None:
    role = part(cluster.rights(), "ClusterRole")
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert verbs == {"get", "list", "create", "patch"}
    for rule in role["rules"]:
        assert "secrets" not in rule["resources"] or "list" not in rule["verbs"]


def test_a_stack_that_needs_no_neighbours_has_none(tmp_path: Path) -> None:
    place = Layout(Paths(cache=tmp_path / "cache", state=tmp_path / "state"), run=tmp_path / "run")
    pki.ensure(place.paths.pki)
    for stack in ("local", "iav-test"):
        cluster._enlist(place, stack, committed(stack), None)
    (entry,) = cluster._enlisted(place)
    assert entry.stem == "iav-test"
    assert entry.stat().st_mode & 0o077 == 0
    kept = json.loads(entry.read_text())["objects"][0]
    shown = x509.load_pem_x509_certificate(decoded(kept)["tls.crt"].encode())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    host = committed("iav-test")["ingress"]["host"]
    assert names.get_values_for_type(x509.DNSName) == [host, f"*.{host}"]
