"""The embedded Kubernetes and random providers under the real engine, against the running API server."""

from __future__ import annotations

import base64
import gzip
import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.paths import find
from tests.e2e.providers_engine import Stack, new

pytestmark = pytest.mark.node


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = new(tmp_path, f"providers-{uuid.uuid4().hex[:8]}", find())
    yield made
    made.end()


SEVERAL = """
step = {step!r}
config = k.core.v1.ConfigMap("settings", metadata={{"namespace": here}}, opts=opts,
    data={{"step": step, "fixed": "x"}})
k.networking.v1.NetworkPolicy("deny", metadata={{"name": "deny", "namespace": here}}, opts=opts,
    spec={{"pod_selector": {{}}, "policy_types": ["Ingress", "Egress"], "ingress": []}})
k.core.v1.ResourceQuota("quota", metadata={{"name": "quota", "namespace": here}}, opts=opts,
    spec={{"hard": {{"requests.cpu": "1000m", "limits.memory": "2048Mi"}}}})
k.core.v1.ServiceAccount("account", metadata={{"name": "account", "namespace": here}}, opts=opts,
    automount_service_account_token=False)
k.core.v1.Service("service", metadata={{"name": "headless", "namespace": here}}, opts=opts,
    spec={{"cluster_ip": "None", "selector": {{"a": "b"}}, "ports": [{{"port": 80}}]}})
pulumi.export("name", config.metadata["name"])
"""


def test_objects_are_made_rest_are_updated_and_end(stack: Stack) -> None:
    first = stack.up(SEVERAL.format(step="one"))
    assert first.ok, first.text
    assert stack.rests().ok, stack.rests().text
    assert stack.refresh().ok
    assert stack.rests().ok, stack.rests().text

    name = re.search(r'"(settings-[0-9a-f]{8})"', first.text)
    assert name
    assert stack.up(SEVERAL.format(step="two")).ok
    assert stack.live("configmap", name[1])["data"] == {"step": "two", "fixed": "x"}

    ended = stack.run("destroy", "--yes", "--skip-preview")
    assert ended.ok, ended.text
    assert "NotFound" in stack.kubectl("get", "namespace", stack.namespace, check=False)
    assert stack.count() == 0


def test_a_preview_of_everything_at_once_needs_no_namespace_yet(stack: Stack) -> None:
    stack.write(SEVERAL.format(step="one"))
    seen = stack.run("preview")
    assert seen.ok, seen.text
    assert "8 to create" in seen.text


def test_what_kubectl_deletes_or_changes_is_seen_and_restored(stack: Stack) -> None:
    assert stack.up(SEVERAL.format(step="one")).ok
    stack.kubectl("delete", "networkpolicy", "deny")
    stack.kubectl("patch", "serviceaccount", "account", "-p", '{"automountServiceAccountToken": true}')
    refreshed = stack.refresh()
    assert "1 deleted" in refreshed.text, refreshed.text
    assert "1 updated" in refreshed.text, refreshed.text
    assert not stack.rests().ok
    restored = stack.up()
    # The field is now kubectl's as well, and an apply overrules no other manager by itself; kubectl's fields
    # are taken over before it, as upstream.
    assert restored.ok, restored.text
    assert stack.live("serviceaccount", "account")["automountServiceAccountToken"] is False
    assert stack.kubectl("get", "networkpolicy", "-o", "name").split() == [
        "networkpolicy.networking.k8s.io/deny"
    ]


NAMED = """
k.core.v1.ConfigMap("mine", metadata={"name": "mine", "namespace": here}, data={"a": "1"}, opts=opts)
"""


def test_creating_over_an_existing_object_fails_until_it_is_imported(stack: Stack) -> None:
    assert stack.up("").ok
    stack.kubectl("create", "configmap", "mine", "--from-literal=a=1")
    refused = stack.up(NAMED)
    assert not refused.ok
    assert 'configmaps "mine" already exists' in refused.text
    assert "pulumi import kubernetes:core/v1:ConfigMap mine" in refused.text
    imported = stack.run(
        *("import", "kubernetes:core/v1:ConfigMap", "mine", f"{stack.namespace}/mine", "--yes"),
        *("--skip-preview", "--generate-code=false", "--protect=false"),
    )
    assert imported.ok, imported.text
    assert stack.up(NAMED).ok
    assert stack.rests().ok, stack.rests().text


IMMUTABLE = """
k.core.v1.Secret("auto", metadata={{"namespace": here}}, immutable=True, string_data={{"a": {a!r}}}, opts=opts)
k.core.v1.ConfigMap("named", metadata={{"name": "named", "namespace": here}}, immutable=True, data={{"a": {a!r}}}, opts=opts)
k.rbac.v1.RoleBinding("binding", metadata={{"name": "binding", "namespace": here}}, opts=opts,
    subjects=[{{"kind": "ServiceAccount", "name": "default"}}],
    role_ref={{"api_group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": {role!r}}})
"""  # noqa: E501


def test_an_immutable_change_replaces_and_a_new_name_makes_room_for_the_old_one(stack: Stack) -> None:
    assert stack.up(IMMUTABLE.format(a="1", role="view")).ok
    uid = stack.live("configmap", "named")["metadata"]["uid"]
    old = stack.resource("kubernetes:core/v1:Secret")["id"]
    replaced = stack.up(IMMUTABLE.format(a="2", role="edit"))
    assert replaced.ok, replaced.text
    assert "3 replaced" in replaced.text
    assert stack.resource("kubernetes:core/v1:Secret")["id"] != old
    assert stack.live("configmap", "named")["metadata"]["uid"] != uid
    assert stack.live("configmap", "named")["data"] == {"a": "2"}
    assert stack.live("rolebinding", "binding")["roleRef"]["name"] == "edit"
    assert "NotFound" in stack.kubectl("get", "secret", old.split("/")[1], check=False)


UNREADY = """
k.apps.v1.Deployment("web", metadata={{"name": "web", "namespace": here,
    "annotations": {{"pulumi.com/timeoutSeconds": "8"}}}}, opts=opts,
    spec={{"replicas": {replicas}, "selector": {{"match_labels": {{"app": "web"}}}}, "template": {{
        "metadata": {{"labels": {{"app": "web"}}}},
        "spec": {{"containers": [{{"name": "web", "image": "localhost/nobody/has:this",
            "image_pull_policy": "Never"}}]}}}}}})
"""


def test_what_does_not_get_ready_says_why_stays_in_the_state_and_can_be_repaired(stack: Stack) -> None:
    failed = stack.up(UNREADY.format(replicas=1))
    assert not failed.ok
    assert "timed out waiting to be Ready" in failed.text
    assert re.search(r"\[ErrImageNeverPull\]|no nodes available", failed.text), failed.text
    assert stack.resource("kubernetes:apps/v1:Deployment")["initErrors"]
    repaired = stack.up(UNREADY.format(replicas=0))
    assert repaired.ok, repaired.text
    assert "initErrors" not in stack.resource("kubernetes:apps/v1:Deployment")


def test_the_servers_own_words_reach_the_person(stack: Stack) -> None:
    bad = """
    k.core.v1.Service("s", metadata={"name": "s", "namespace": here}, opts=opts,
        spec={"selector": {"a": "b"}, "ports": [{"port": 99999}]})
    """
    refused = stack.up(bad)
    assert not refused.ok
    assert "spec.ports[0].port: Invalid value: 99999" in refused.text
    assert "Traceback" not in refused.text


CUSTOM = """
plain = "%s.example.org"
definition = k.apiextensions.v1.CustomResourceDefinition("crd", opts=opts,
    metadata={"name": f"things.{plain}"}, spec={"group": plain, "scope": "Namespaced",
        "names": {"kind": "Thing", "plural": "things", "singular": "thing"},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"open_apiv3_schema": {
            "type": "object", "x_kubernetes_preserve_unknown_fields": True}}}]})
k.apiextensions.CustomResource("thing", api_version=f"{plain}/v1", kind="Thing", spec={"size": 3},
    metadata={"name": "thing", "namespace": here},
    opts=pulumi.ResourceOptions(provider=provider, depends_on=[definition]))
"""


def test_a_definition_and_an_object_of_it_are_made_in_one_run(stack: Stack) -> None:
    made = stack.up(CUSTOM % stack.namespace)
    assert made.ok, made.text
    assert stack.live(f"things.{stack.namespace}.example.org", "thing")["spec"] == {"size": 3}
    assert stack.rests().ok, stack.rests().text
    assert stack.run("destroy", "--yes", "--skip-preview").ok


SECRETS = """
data = random.RandomBytes("bytes", length=32)
password = random.RandomPassword("password", length=24, special=False)
k.core.v1.Secret("s", metadata={"name": "s", "namespace": here}, opts=opts,
    string_data={"bytes": data.hex, "password": password.result})
k.core.v1.ConfigMap("c", metadata={"name": "c", "namespace": here}, opts=opts,
    data={"open": "readable", "hidden": password.result})
k.helm.v3.Release("r", name="r", namespace=here, chart="./chart", opts=opts, skip_await=True,
    values={"greeting": "readable too", "token": password.result, "list": [data.base64]})
pulumi.export("password", password.result)
"""


def chart(place: Path, *, broken: bool = False) -> None:
    """Write a small chart: a ConfigMap, and a Deployment that cannot get ready when it is asked for."""
    templates = place / "chart" / "templates"
    templates.mkdir(parents=True, exist_ok=True)
    (place / "chart" / "Chart.yaml").write_text(
        "apiVersion: v2\nname: small\nversion: 0.1.0\nappVersion: '7'\n"
    )
    (place / "chart" / "values.yaml").write_text("greeting: hello\nunready: false\n")
    (templates / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: small}\n"
        "data: {greeting: {{ .Values.greeting | quote }}}\n" + ("{{ fail `no` }}\n" if broken else "")
    )
    (templates / "deployment.yaml").write_text(
        "{{- if .Values.unready }}\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
        "  selector: {matchLabels: {app: web}}\n  template:\n"
        "    metadata: {labels: {app: web, release: {{ .Release.Name }} }}\n"
        "    spec: {containers: [{name: c, image: 'localhost/nobody/has:this', imagePullPolicy: Never}]}\n"
        "{{- end }}\n"
    )


def test_no_secret_lies_in_plain_text_in_the_state(stack: Stack) -> None:
    chart(stack.place)
    made = stack.up(SECRETS)
    assert made.ok, made.text
    data = stack.live("secret", "s")["data"]
    hidden = {base64.b64decode(value).decode() for value in data.values()} | set(data.values())
    hidden.add(base64.b64encode(bytes.fromhex(base64.b64decode(data["bytes"]).decode())).decode())
    assert stack.refresh().ok
    exported = stack.export()
    # RandomBytes' id is its value in the official provider too: the protocol knows no secret ids.
    (identity,) = {
        one["id"] for one in json.loads(exported)["deployment"]["resources"] if "Bytes" in one["type"]
    }
    without_id = exported.replace(json.dumps(identity), '""')
    assert not [value for value in hidden if value in without_id]
    assert "readable too" in exported
    assert stack.rests().ok, stack.rests().text


RELEASE = """
k.helm.v3.Release("r", name="r", namespace=here, chart="./chart", timeout=8, max_history=5, opts=opts,
    values={{"greeting": {greeting!r}, "unready": {unready}}})
"""


def test_a_failed_release_says_why_and_the_next_run_repairs_it(stack: Stack) -> None:
    chart(stack.place)
    failed = stack.up(RELEASE.format(greeting="a", unready=True))
    assert not failed.ok
    assert re.search(r"\[ErrImageNeverPull\]|no nodes available", failed.text), failed.text
    assert stack.resource("kubernetes:helm.sh/v3:Release")["outputs"]["status"]["status"] == "failed"
    repaired = stack.up(RELEASE.format(greeting="b", unready=False))
    assert repaired.ok, repaired.text
    assert stack.live("configmap", "small")["data"] == {"greeting": "b"}
    assert stack.rests().ok, stack.rests().text
    history = json.loads(stack.helm("history", "r", "-o", "json"))
    assert [one["status"] for one in history] == ["superseded", "deployed"]
    assert stack.run("destroy", "--yes", "--skip-preview").ok


def test_a_chart_that_does_not_render_leaves_no_release_and_helms_words(stack: Stack) -> None:
    chart(stack.place, broken=True)
    refused = stack.up(RELEASE.format(greeting="a", unready=False))
    assert not refused.ok
    assert "config.yaml" in refused.text
    assert stack.helm("list", "--all", "-q") == ""


def set_pending(stack: Stack) -> None:
    """Leave the release as a run leaves it that was killed in the middle."""
    name = "sh.helm.release.v1.r.v2"
    secret = stack.live("secret", name)
    packed = base64.b64decode(base64.b64decode(secret["data"]["release"]))
    record = json.loads(gzip.decompress(packed))
    record["info"]["status"] = "pending-upgrade"
    again = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()
    stack.kubectl("patch", "secret", name, "-p", json.dumps({"data": {"release": again}}))
    stack.kubectl("label", "secret", name, "status=pending-upgrade", "--overwrite")


def test_a_pending_release_is_reported_with_the_way_out(stack: Stack) -> None:
    chart(stack.place)
    assert stack.up(RELEASE.format(greeting="a", unready=False)).ok
    assert stack.up(RELEASE.format(greeting="b", unready=False)).ok
    set_pending(stack)
    refused = stack.up(RELEASE.format(greeting="c", unready=False))
    assert not refused.ok
    assert "another operation (install/upgrade/rollback) is in progress" in refused.text
    assert f"helm rollback r 1 -n {stack.namespace}" in refused.text
    stack.helm("rollback", "r", "1")
    freed = stack.up(RELEASE.format(greeting="c", unready=False))
    assert freed.ok, freed.text


def test_a_release_that_the_stack_does_not_know_is_refused_and_can_be_imported(stack: Stack) -> None:
    chart(stack.place)
    assert stack.up("").ok
    stack.helm("install", "r", str(stack.place / "chart"), "--set", "greeting=a")
    refused = stack.up(RELEASE.format(greeting="a", unready=False))
    assert not refused.ok
    assert "cannot re-use a name that is still in use" in refused.text
    imported = stack.run(
        *("import", "kubernetes:helm.sh/v3:Release", "r", f"{stack.namespace}/r", "--yes"),
        *("--skip-preview", "--generate-code=false", "--protect=false"),
    )
    assert imported.ok, imported.text
    assert stack.up(RELEASE.format(greeting="b", unready=False)).ok
    assert stack.live("configmap", "small")["data"] == {"greeting": "b"}


def test_a_deletion_that_a_finalizer_holds_says_so_and_goes_on_later(stack: Stack) -> None:
    held = """
    k.core.v1.ConfigMap("held", metadata={"name": "held", "namespace": here,
        "finalizers": ["example.org/hold"], "annotations": {"pulumi.com/timeoutSeconds": "3"}}, opts=opts)
    """
    assert stack.up(held).ok
    ended = stack.up("")
    assert not ended.ok
    assert "example.org/hold" in ended.text
    stack.kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    assert stack.up("").ok
    assert stack.count() == 1


def test_a_cluster_of_another_authority_is_refused_before_anything_is_sent(stack: Stack) -> None:
    text = stack.kubeconfig.read_text()
    foreign = stack.place / "foreign.kubeconfig"
    fake = base64.b64encode(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").decode()
    foreign.write_text(
        re.sub(r"certificate-authority(-data)?: [^\s,}]+", f"certificate-authority-data: {fake}", text)
    )
    assert fake in foreign.read_text()
    stack.write(NAMED, kubeconfig=foreign)
    refused = stack.up()
    assert not refused.ok
    assert "is not the one that this machine made" in refused.text
    assert "NotFound" in stack.kubectl("get", "namespace", stack.namespace, check=False)
