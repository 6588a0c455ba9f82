"""Helm releases: what Helm is asked, what of its records reaches the state, where the plugins are put."""

from __future__ import annotations

import base64
import gzip
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from embedded.providers import MARKER, VERSIONS
from embedded.providers.__main__ import parse
from embedded.providers.codec import UNKNOWN, Asset, Secret
from embedded.providers.install import directory, install
from embedded.providers.kube.kubeconfig import Access
from embedded.providers.lifecycle import Urn
from embedded.providers.release import inputs as given
from embedded.providers.release.helm import Helm
from embedded.providers.release.records import Record, resource_names, unpack

URN = Urn("urn:pulumi:s::p::kubernetes:helm.sh/v3:Release::hub")
Values = dict[str, Any]


def completed(**new: Any) -> Values:  # noqa: ANN401
    return given.complete(URN, {}, {"chart": "./chart", **new}, "here")


def test_defaults_are_the_official_ones() -> None:
    found = completed(name="hub")
    assert found["timeout"] == 300
    assert found["namespace"] == "here"
    assert found["atomic"] is False
    assert "maxHistory" not in found
    assert completed(skipAwait=True)["timeout"] == 0
    assert completed(timeout=900)["timeout"] == 900


def test_an_unnamed_release_gets_a_name_and_keeps_it() -> None:
    first = completed()
    assert first["name"].startswith("hub-")
    assert given.complete(URN, first, {"chart": "c"}, "here")["name"] == first["name"]


def test_values_win_over_values_files_key_by_key_and_null_survives() -> None:
    files = [Asset(text="a: {x: 1, y: 1}\nlist: [1, 2]"), Asset(text="a: {y: 2}")]
    found = completed(valueYamlFiles=files, values={"a": {"x": None}, "list": [3]})
    assert found["values"] == {"a": {"x": None, "y": 2}, "list": [3]}
    assert "valueYamlFiles" not in found


def test_secrets_and_unknowns_of_the_inputs_stay_what_they_are() -> None:
    new = {"name": "hub", "chart": "c", "values": {"a": Secret("x"), "b": UNKNOWN, "c": [Secret(1), 2]}}
    found = given.marked(given.complete(URN, {}, new, "here"), new)
    assert found["values"] == {"a": Secret("x"), "b": UNKNOWN, "c": Secret([1, 2])}


INSTALL: list[tuple[Values, list[str], list[str]]] = [
    ({}, ["--wait", "--timeout", "300s"], ["--atomic", "--no-hooks", "--create-namespace"]),
    ({"skipAwait": True, "waitForJobs": True}, [], ["--wait", "--wait-for-jobs"]),
    ({"waitForJobs": True}, ["--wait-for-jobs"], []),
    ({"atomic": True, "createNamespace": True}, ["--atomic", "--create-namespace"], []),
    ({"disableWebhooks": True}, ["--no-hooks"], []),
    ({"disableCRDHooks": True}, [], ["--no-hooks"]),
    ({"skipCrds": True, "replace": True}, ["--skip-crds", "--replace"], []),
    ({"version": "1.2.3", "devel": True}, ["--version", "1.2.3"], ["--devel"]),
    ({"devel": True}, ["--devel"], []),
    ({"repositoryOpts": {"repo": "https://charts.example"}}, ["--repo", "https://charts.example"], []),
    ({"description": "why"}, ["--description", "why"], []),
]


@pytest.mark.parametrize(("new", "there", "absent"), INSTALL)
def test_an_installation_asks_for_what_the_inputs_say(
    new: Values, there: list[str], absent: list[str]
) -> None:
    found = given.install_arguments(completed(name="hub", **new))
    assert found[:3] == ["install", "hub", "./chart"]
    assert set(there) <= set(found)
    assert not set(absent) & set(found)


UPGRADE: list[tuple[Values, list[str], list[str]]] = [
    ({}, ["--history-max", "0"], ["--cleanup-on-fail"]),
    ({"maxHistory": 5, "cleanupOnFail": True}, ["--cleanup-on-fail", "--history-max", "5"], []),
    ({"disableCRDHooks": True}, ["--no-hooks"], []),
    ({"disableWebhooks": True, "createNamespace": True}, [], ["--no-hooks", "--create-namespace"]),
    ({"forceUpdate": True, "resetValues": True}, ["--force", "--reset-values"], ["--reuse-values"]),
    ({"reuseValues": True}, ["--reuse-values"], []),
]


@pytest.mark.parametrize(("new", "there", "absent"), UPGRADE)
def test_an_upgrade_asks_for_what_the_inputs_say(new: Values, there: list[str], absent: list[str]) -> None:
    found = given.upgrade_arguments(completed(name="hub", **new))
    assert found[:3] == ["upgrade", "hub", "./chart"]
    assert set(there) <= set(found)
    assert not set(absent) & set(found)


def test_an_uninstallation_waits_unless_the_release_does_not() -> None:
    assert "--wait" in given.uninstall_arguments(completed(name="hub"))
    assert "--wait" not in given.uninstall_arguments(completed(name="hub", skipAwait=True))


@pytest.mark.parametrize(
    ("new", "property_"),
    [
        ({"verify": True}, "verify"),
        ({"recreatePods": True}, "recreatePods"),
        ({"repositoryOpts": {"repo": "https://c.example", "password": "p"}}, "repositoryOpts"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(new: Values, property_: str) -> None:
    assert [found for found, _ in given.refusals(completed(**new))] == [property_]


MANIFEST = """---
apiVersion: v1
kind: ConfigMap
metadata: {name: b}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: a, namespace: n}
---
# nothing here
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
"""
RAW: Values = {
    "name": "hub",
    "namespace": "n",
    "version": 3,
    "info": {"status": "deployed"},
    "chart": {"metadata": {"name": "jupyterhub", "version": "4.4.1", "appVersion": "5.5.4"}},
    "config": {"a": {"live": 1}},
    "manifest": MANIFEST,
}


def test_a_record_is_read_through_its_two_wrappings() -> None:
    inner = base64.b64encode(gzip.compress(json.dumps(RAW).encode()))
    assert unpack(base64.b64encode(inner).decode()) == RAW


def test_outputs_tell_what_helm_wrote_down_and_no_manifest() -> None:
    found = Record(RAW).outputs({"name": "hub", "values": {"a": {"mine": 1}}})
    assert found["status"] == {
        "status": "deployed",
        "name": "hub",
        "namespace": "n",
        "revision": 3,
        "chart": "jupyterhub",
        "version": "4.4.1",
        "appVersion": "5.5.4",
    }
    assert found["values"] == {"a": {"mine": 1, "live": 1}}
    assert "manifest" not in found


def test_resource_names_are_grouped_by_kind_and_version() -> None:
    assert resource_names(MANIFEST) == {"ConfigMap/v1": ["b", "n/a"], "Deployment.apps/apps/v1": ["d"]}


ACCESS = Access("https://127.0.0.1:1", "here", "CA", "CERT", "KEY")
SPY = """#!{python}
import json, os, sys
values = sys.argv[sys.argv.index("--values") + 1]
print(json.dumps({{
    "argv": sys.argv,
    "kubeconfig": open(os.environ["KUBECONFIG"]).read(),
    "values": json.load(open(values)),
    "helm": {{k: v for k, v in os.environ.items() if k.startswith("HELM_")}},
}}))
"""


@pytest.fixture
def spy(tmp_path: Path) -> Path:
    script = tmp_path / "helm"
    script.write_text(SPY.format(python=sys.executable))
    script.chmod(0o755)
    return script


def test_helm_gets_values_and_keys_without_a_file_or_a_word_on_its_command_line(
    spy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELM_DRIVER", "configmap")
    ended = Helm(spy, threading.Event()).run(["install"], ACCESS, "n", values={"token": "hidden"})
    seen = json.loads(ended.out)
    assert seen["values"] == {"token": "hidden"}
    assert "hidden" not in " ".join(seen["argv"])
    assert seen["argv"][seen["argv"].index("--values") + 1].startswith("/proc/self/fd/")
    assert json.loads(seen["kubeconfig"])["contexts"][0]["context"]["namespace"] == "n"
    assert sorted(seen["helm"]) == ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"]
    assert not any(Path(place).parent.exists() for place in seen["helm"].values())


def test_helms_own_words_are_kept_without_its_prefix(tmp_path: Path) -> None:
    script = tmp_path / "helm"
    script.write_text(
        "#!/bin/sh\necho 'level=WARN noise' >&2\necho 'Error: UPGRADE FAILED: timed out' >&2\nexit 1\n"
    )
    script.chmod(0o755)
    ended = Helm(script, threading.Event()).run(["upgrade"], ACCESS, "n")
    assert (ended.code, ended.error) == (1, "timed out")


# In Python, since a shell that starts with SIGINT ignored (as one in the background does) cannot trap it;
# Helm, a Go program, can.
INTERRUPTIBLE = """#!{python}
import pathlib, signal, sys, time

def stop(*_):
    print("Error: context canceled", file=sys.stderr)
    sys.exit(1)

signal.signal(signal.SIGINT, stop)
pathlib.Path("{ready}").touch()
while True:
    time.sleep(0.05)
"""


def test_cancelling_interrupts_helm_so_that_it_can_write_its_release_down(tmp_path: Path) -> None:
    script, ready = tmp_path / "helm", tmp_path / "ready"
    script.write_text(INTERRUPTIBLE.format(python=sys.executable, ready=ready))
    script.chmod(0o755)
    cancelled = threading.Event()

    def cancel() -> None:
        while not ready.exists():
            time.sleep(0.02)
        cancelled.set()

    canceller = threading.Thread(target=cancel, daemon=True)
    canceller.start()
    ended = Helm(script, cancelled).run(["upgrade"], ACCESS, "n")
    canceller.join()
    assert ended.error == "the operation was cancelled: context canceled"


def installed(home: Path, ca: Path) -> None:
    install(home, Path(sys.executable), ca, Path("/usr/bin/helm"))


def test_the_engine_finds_executable_plugins_that_say_what_they_are(tmp_path: Path) -> None:
    installed(tmp_path, tmp_path / "ca.crt")
    for name in VERSIONS:
        script = directory(tmp_path, name) / f"pulumi-resource-{name}"
        assert script.stat().st_mode & stat.S_IXUSR
        assert (script.parent / MARKER).exists()
        assert "--ca" in script.read_text()
        assert sorted(entry.name for entry in script.parent.iterdir()) == [MARKER, script.name]
    assert {entry.name for entry in (tmp_path / "plugins").iterdir()} == {
        "resource-kubernetes-v4.34.2",
        "resource-random-v4.21.4",
    }


def test_installing_again_changes_nothing_and_another_authority_is_taken_over(tmp_path: Path) -> None:
    installed(tmp_path, Path("/a.crt"))
    script = directory(tmp_path, "random") / "pulumi-resource-random"
    before = script.stat().st_mtime_ns
    installed(tmp_path, Path("/a.crt"))
    assert script.stat().st_mtime_ns == before
    installed(tmp_path, Path("/b.crt"))
    assert "/b.crt" in script.read_text()


def test_an_official_plugin_is_never_overwritten_but_a_half_installed_one_is(tmp_path: Path) -> None:
    official = directory(tmp_path, "random")
    official.mkdir(parents=True)
    (official / "pulumi-resource-random").write_text("official")
    installed(tmp_path, tmp_path / "ca.crt")
    assert (official / "pulumi-resource-random").read_text() == "official"
    partial = official.with_name(official.name + ".partial")
    partial.touch()
    installed(tmp_path, tmp_path / "ca.crt")
    assert (official / MARKER).exists()
    assert not partial.exists()


def test_the_engines_own_flags_are_passed_over_and_its_address_is_found() -> None:
    words = ["kubernetes", "--ca", "/ca", "--helm", "/helm", "--logtostderr", "-v=9", "127.0.0.1:4000"]
    found = parse(words)
    assert (found.kind, str(found.ca), found.engine) == ("kubernetes", "/ca", "127.0.0.1:4000")


@pytest.mark.parametrize("words", [[], ["docker", "--ca", "a", "--helm", "b"], ["random", "--ca", "a"]])
def test_wrong_arguments_end_with_the_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="usage"):
        parse(words)


def test_a_plugin_starts_answers_with_its_port_and_ends_with_its_parent(tmp_path: Path) -> None:
    installed(tmp_path, tmp_path / "ca.crt")
    script = directory(tmp_path, "random") / "pulumi-resource-random"
    keeper = (
        "import subprocess, sys; p = subprocess.Popen([sys.argv[1]], stdout=subprocess.PIPE, text=True); "
    )
    keeper += "print(p.pid, p.stdout.readline(), flush=True)"
    ended = subprocess.run(
        [sys.executable, "-c", keeper, script], capture_output=True, text=True, timeout=60, check=True
    )
    pid, port = (int(word) for word in ended.stdout.split())
    assert port > 0
    for _ in range(200):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        threading.Event().wait(0.1)
    pytest.fail("the plugin outlives the engine that started it")
