"""What Helm makes of the small chart: what the JupyterHub chart makes too, each difference named."""

from __future__ import annotations

import base64
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from embedded import charts, toolchain
from embedded.paths import CHECKOUT, find

Json = dict[str, Any]
Objects = dict[tuple[str, str], Json]
# What the real chart 4.4.0 renders for some values; contents of files and checksums are `...` there.
DATA = CHECKOUT.parent / "shared" / "chart"
OFF: Json = {
    "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
    "prePuller": {"hook": {"enabled": False}},
    "singleuser": {"cloudMetadata": {"blockWithIptables": False}},
}

# Every difference to the real chart's objects, as a pattern of its path, with the reason.
DIFFERENCES = {
    r"[^ ]+/metadata/labels/(chart|helm\.sh/chart)": "the version says which chart it was",
    r"ServiceAccount/continuous-image-puller/metadata/annotations": "null there, left out here: the same",
    r"Deployment/proxy/spec/template/metadata/annotations/checksum/proxy-secret": (
        "the proxy's own certificate is refused here, so nothing can change in it"
    ),
    r"ConfigMap/hub/data/(autohttps(-serviceaccount)?|proxy-http|proxy-public-(manual-)?tls)": (
        "names of objects that end TLS in the proxy, which is refused here"
    ),
    r"ConfigMap/hub/data/user-(scheduler(-deploy|-serviceaccount|-lock)?|placeholder(-priority)?)": (
        "names of objects of scheduler and placeholders, which are refused here"
    ),
    r"ConfigMap/hub/data/(checksum_)?hook-image-(awaiter|puller)(-serviceaccount)?": (
        "names of objects of the pulling hook, which is refused here"
    ),
    r"ConfigMap/hub/data/chart_\w+\.py": "our configuration is several modules",
}


def merged(below: Json, above: Json) -> Json:
    joined = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(joined.get(key), dict)
        joined[key] = merged(joined[key], value) if both else value
    return joined


class Chart:
    """The small chart and a Helm to render it with."""

    def __init__(self, helm: Path, folder: Path) -> None:
        self.helm = helm
        self.values = folder / "values.yaml"

    def run(self, values: Json) -> subprocess.CompletedProcess[str]:
        self.values.write_text(yaml.safe_dump(values))
        return subprocess.run(
            [self.helm, "template", "jupyterhub", charts.SMALL, "--namespace", "hub", "-f", self.values],
            capture_output=True,
            text=True,
            check=False,
        )

    def renders(self, values: Json) -> Objects:
        done = self.run(merged(OFF, values))
        assert done.returncode == 0, done.stderr
        return {
            (found["kind"], found["metadata"]["name"]): found
            for found in yaml.safe_load_all(done.stdout)
            if found
        }


@pytest.fixture(scope="session")
def helm() -> Path:
    return toolchain.ensure(["helm"], find()).path("helm")


@pytest.fixture
def chart(helm: Path, tmp_path: Path) -> Chart:
    return Chart(helm, tmp_path)


def differences(theirs: object, ours: object, path: str) -> Iterator[str]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs.keys() | ours.keys():
            if key in theirs and key in ours:
                yield from differences(theirs[key], ours[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        for index, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            yield from differences(one, other, f"{path}/{index}")
    elif theirs not in (ours, "..."):
        yield path


@pytest.fixture(scope="module")
def recorded() -> tuple[Json, Objects]:
    if not DATA.is_dir():
        pytest.skip("what the real chart 4.4.0 renders does not lie beside this checkout")
    values = yaml.safe_load((DATA / "rendered-4.4.0.values.yaml").read_text())
    documents = yaml.safe_load_all((DATA / "rendered-4.4.0.yaml").read_text())
    return values, {(found["kind"], found["metadata"]["name"]): found for found in documents if found}


def found_differences(recorded: tuple[Json, Objects], chart: Chart) -> list[str]:
    values, theirs = recorded
    ours = chart.renders(values)
    pairs = [("/".join(key), theirs.get(key), ours.get(key)) for key in theirs.keys() | ours.keys()]
    return [path for name, one, other in pairs for path in differences(one, other, name)]


def test_it_renders_what_the_real_chart_renders(recorded: tuple[Json, Objects], chart: Chart) -> None:
    found = found_differences(recorded, chart)

    unlisted = [path for path in found if not any(re.fullmatch(known, path) for known in DIFFERENCES)]
    vanished = [known for known in DIFFERENCES if not any(re.fullmatch(known, path) for path in found)]
    assert (unlisted, vanished) == ([], [])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"scheduling": {"userScheduler": {"enabled": True}}}, "no second scheduler"),
        ({"scheduling": {"userPlaceholder": {"enabled": True}}}, "no placeholders"),
        ({"prePuller": {"hook": {"enabled": True}}}, "no pulling before an upgrade"),
        ({"singleuser": {"cloudMetadata": {"blockWithIptables": True}}}, "no privileged container"),
        ({"proxy": {"https": {"enabled": True, "type": "letsencrypt"}}}, "ends no TLS in the proxy"),
        ({"proxy": {"https": {"enabled": True, "type": "manual"}}}, "ends no TLS in the proxy"),
        ({"fullnameOverride": "mine"}, "keeps the names"),
        ({"nameOverride": "mine"}, "keeps the names"),
        ({"hub": {"config": {"JupyterHub": {"services": []}}}}, "Use hub.services"),
        ({"hub": {"config": {"JupyterHub": {"load_roles": []}}}}, "hub.loadRoles"),
        ({"hub": {"db": {"type": "postgres"}}}, "hub.db.url is missing"),
        ({"hub": {"extraFiles": {"a": {"mountPath": "/a.ini", "data": {}}}}}, "/a.ini is none of them"),
        ({"hub": {"replicas": 2}}, "replicas"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_it_does_not_serve_is_refused_with_the_reason(values: Json, words: str, chart: Chart) -> None:
    done = chart.run(merged(OFF, values))

    assert done.returncode != 0
    assert words in done.stderr


def test_the_defaults_that_it_cannot_serve_are_refused_too(chart: Chart) -> None:
    assert "Set it to false" in chart.run({}).stderr


def pod(objects: Objects, name: str) -> Json:
    spec: Json = objects["Deployment", name]["spec"]["template"]["spec"]
    return spec


def checksums(objects: Objects, name: str) -> Json:
    found: Json = objects["Deployment", name]["spec"]["template"]["metadata"]["annotations"]
    return found


GIVEN: Json = {
    "proxy": {"secretToken": "t"},
    "hub": {"cookieSecret": "c", "config": {"CryptKeeper": {"keys": ["k"]}}},
}


def test_a_change_restarts_whom_it_concerns_and_nobody_else(chart: Chart) -> None:
    before = chart.renders(GIVEN)
    code = chart.renders(merged(GIVEN, {"hub": {"extraConfig": {"a": "pass"}}}))
    token = chart.renders(merged(GIVEN, {"proxy": {"secretToken": "another"}}))

    assert chart.renders(GIVEN) == before
    assert checksums(code, "hub") != checksums(before, "hub")
    assert checksums(code, "proxy") == checksums(before, "proxy")
    assert checksums(token, "hub") != checksums(before, "hub")
    assert checksums(token, "proxy") != checksums(before, "proxy")


def test_secrets_that_nobody_gave_are_long_and_drawn_anew(chart: Chart) -> None:
    values: Json = {"hub": {"services": {"prometheus": {}}}}
    first, second = (chart.renders(values)["Secret", "hub"]["data"] for _ in range(2))

    for key in (
        "hub.config.ConfigurableHTTPProxy.auth_token",
        "hub.config.JupyterHub.cookie_secret",
        "hub.config.CryptKeeper.keys",
        "hub.services.prometheus.apiToken",
    ):
        assert re.fullmatch(r"[0-9a-f]{64}", base64.b64decode(first[key]).decode())
        assert first[key] != second[key]


def test_secrets_that_are_given_are_taken(chart: Chart) -> None:
    values = merged(GIVEN, {"hub": {"db": {"password": "d"}, "services": {"s": {"apiToken": "a"}}}})
    kept = chart.renders(values)["Secret", "hub"]["data"]

    assert {key: base64.b64decode(text).decode() for key, text in kept.items() if key != "values.yaml"} == {
        "hub.config.ConfigurableHTTPProxy.auth_token": "t",
        "hub.config.JupyterHub.cookie_secret": "c",
        "hub.config.CryptKeeper.keys": "k",
        "hub.db.password": "d",
        "hub.services.s.apiToken": "a",
    }


def test_environment_may_be_a_mapping_or_a_list(chart: Chart) -> None:
    source = {"fieldRef": {"fieldPath": "metadata.name"}}
    mapping: Json = {"A": "1", "B": {"value": "2"}, "C": {"name": "OTHER", "valueFrom": source}}
    listed: list[Json] = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "2"},
        {"name": "OTHER", "valueFrom": source},
    ]
    for given in (mapping, listed):
        objects = chart.renders({"hub": {"extraEnv": given}, "proxy": {"chp": {"extraEnv": given}}})
        for name in ("hub", "proxy"):
            assert pod(objects, name)["containers"][0]["env"][-3:] == listed


def test_files_are_written_as_their_names_say_and_mounted_where_they_belong(chart: Chart) -> None:
    data = {"a": {"b": "c"}}
    files: dict[str, Json] = {
        "as-yaml": {"mountPath": "/e/a.yaml", "data": data, "mode": 0o440},
        "as-json": {"mountPath": "/e/a.json", "data": data},
        "as-toml": {"mountPath": "/e/a.toml", "data": data},
        "text": {"mountPath": "/e/a", "stringData": "text"},
        "bytes": {"mountPath": "/e/b", "binaryData": base64.b64encode(b"\0").decode()},
    }
    objects = chart.renders({"hub": {"extraFiles": files}, "singleuser": {"extraFiles": files}})

    for secret in ("hub", "singleuser"):
        held = {key: base64.b64decode(objects["Secret", secret]["data"][key]) for key in files}
        assert yaml.safe_load(held["as-yaml"]) == yaml.safe_load(held["as-json"]) == data
        assert b'b = "c"' in held["as-toml"]
        assert (held["text"], held["bytes"]) == (b"text\n", b"\0")
    volume = next(volume for volume in pod(objects, "hub")["volumes"] if volume["name"] == "files")
    assert {"key": "as-yaml", "path": "as-yaml", "mode": 0o440} in volume["secret"]["items"]
    mounts = {mount["mountPath"] for mount in pod(objects, "hub")["containers"][0]["volumeMounts"]}
    assert {file["mountPath"] for file in files.values()} <= mounts


def test_a_pod_specs_additions_join_what_is_there(chart: Chart) -> None:
    extra = {"automountServiceAccountToken": False, "securityContext": {"fsGroup": 7}}
    spec = pod(chart.renders({"hub": {"extraPodSpec": extra}}), "hub")

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["fsGroup"] == 7
    assert spec["containers"][0]["name"] == "hub"


def test_policies_open_what_is_asked_for_and_nothing_beside(chart: Chart) -> None:
    rules = dict.fromkeys(
        (
            "cloudMetadataServer",
            "dnsPortsCloudMetadataServer",
            "dnsPortsKubeSystemNamespace",
            "dnsPortsPrivateIPs",
            "nonPrivateIPs",
            "privateIPs",
        ),
        False,
    )
    own = {"to": [{"ipBlock": {"cidr": "192.0.2.1/32"}}]}
    closed = {"egressAllowRules": rules, "egress": [own], "allowedIngressPorts": []}
    objects = chart.renders(
        {
            "hub": {"networkPolicy": closed},
            "proxy": {"chp": {"networkPolicy": closed}},
            "singleuser": {"networkPolicy": closed},
        }
    )

    inside = {"hub": ["proxy", "singleuser-server"], "proxy": ["hub", "singleuser-server"]}
    for name, pods in {**inside, "singleuser": ["hub", "proxy", "autohttps"]}.items():
        *flows, last = objects["NetworkPolicy", name]["spec"]["egress"]
        assert last == own
        assert [flow["to"][0]["podSelector"]["matchLabels"]["component"] for flow in flows] == pods
        for entry in objects["NetworkPolicy", name]["spec"]["ingress"]:
            assert entry["from"]


def test_policies_that_are_switched_off_are_not_there(chart: Chart) -> None:
    off = {"networkPolicy": {"enabled": False}}
    objects = chart.renders({"hub": off, "proxy": {"chp": off}, "singleuser": off})

    assert not [key for key in objects if key[0] == "NetworkPolicy"]


def test_rights_and_accounts_may_come_from_elsewhere(chart: Chart) -> None:
    account = {"create": False, "name": "theirs"}
    objects = chart.renders({"rbac": {"create": False}, "hub": {"serviceAccount": account}})

    assert not {("Role", "hub"), ("RoleBinding", "hub"), ("ServiceAccount", "hub")} & objects.keys()
    assert pod(objects, "hub")["serviceAccountName"] == "theirs"


def test_every_image_that_a_profile_offers_is_pulled(chart: Chart) -> None:
    choices = {"x": {"display_name": "X", "kubespawner_override": {"image": "two:1"}}}
    profiles = [
        {"display_name": "A", "kubespawner_override": {"image": "one:1"}},
        {"display_name": "B", "profile_options": {"image": {"display_name": "I", "choices": choices}}},
    ]
    values = {
        "singleuser": {"image": {"name": "zero", "tag": "1"}, "profileList": profiles},
        "prePuller": {"extraImages": {"more": {"name": "three", "tag": "1"}}},
    }
    puller = chart.renders(values)["DaemonSet", "continuous-image-puller"]["spec"]["template"]["spec"]

    images = [container["image"] for container in puller["initContainers"]]
    assert images == ["zero:1", "one:1", "two:1", "three:1"]


def test_a_base_path_reaches_probes_metrics_and_ingress(chart: Chart) -> None:
    door = {"enabled": True, "hosts": ["hub.example"]}
    objects = chart.renders({"hub": {"baseUrl": "/lab"}, "ingress": door})

    probe = pod(objects, "hub")["containers"][0]["readinessProbe"]
    service = objects["Service", "hub"]["metadata"]["annotations"]
    (rule,) = objects["Ingress", "jupyterhub"]["spec"]["rules"]
    assert probe["httpGet"]["path"] == "/lab/hub/health"
    assert service["prometheus.io/path"] == "/lab/hub/metrics"
    assert (rule["host"], rule["http"]["paths"][0]["path"]) == ("hub.example", "/lab/")
