"""`ops manifests`: every object, the same bytes in each run, references in place of secrets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import objects
from ops.ending import Cannot
from ops.helm import Helm
from ops.objects import Identity
from tests.unit.deployed import of_stack
from tests.unit.documents import PROJECT, STACKS, settings, settings_of
from tests.unit.ops_runs import FROM_REPOSITORY, project_of, ran, tool, with_chart, without_tools

Json = dict[str, Any]
REFERENCE = re.compile(r"<(secret|name|made [a-z ]+): [^<>]+>")
# What a chart does that makes its output another one each time: random bytes, and digests of them.
HELM = (
    f"#!{sys.executable}\n"
    + """\
import base64, json, os, re, sys
values = open(next(word for word in sys.argv if word.startswith("--values="))[9:]).read()
token = re.search("secretToken: '?([^'\\n]*)", values)[1]
name = re.search("existingSecret: '?([^'\\n]*)", values)[1]
packed = lambda text: base64.b64encode(text.encode()).decode()
file = "first: 1\\nkey: " + os.urandom(8).hex() + "\\ntoken: " + token
data = {"token": packed(token), "cookie": packed(os.urandom(32).hex()), "file": packed(file)}
data["bytes"] = "//4="
metadata = {"name": "hub", "annotations": {"checksum/secret": os.urandom(32).hex()}}
spec = {"volumes": [{"secretName": name}], "args": sys.argv[1:3]}
for one in (
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hub"}, "data": data},
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec},
    None,
    {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "first"}},
):
    print("---\\n" + json.dumps(one))
"""
)
# One process for all stacks: half of the time goes by while modules load.
ALL = """\
import sys
from ops.cli import app
place, out, *stacks = sys.argv[1:]
for stack in stacks:
    words = ("manifests", stack, "--project", place, "--output", f"{out}/{stack}", "--release", "helm")
    assert not app(words, standalone_mode=False)
"""


@cache
def made(stack: str) -> tuple[Json, ...]:
    return tuple(yaml.safe_load_all(ran("manifests", stack, "--release", "values").stdout))


def by_name(found: Any, kind: str, name: str) -> Json:  # noqa: ANN401
    return next(one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name))


@pytest.fixture
def rendering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a chart, and a Helm that renders something else each time."""
    tools = tmp_path / "tools"
    tool(tools, "helm", HELM)
    without_tools(monkeypatch, tools)
    return with_chart(project_of(tmp_path))


# What there is -------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_all_that_the_program_registers_is_there(stack: str) -> None:
    asked = [
        one.type.removeprefix("kubernetes:").rpartition(":")
        for one in of_stack(stack)[0].requests.values()
        if one.custom and one.type.startswith("kubernetes:")
    ]
    wanted = sorted((version.removeprefix("core/"), kind) for version, _, kind in asked)
    assert sorted((one["apiVersion"], one["kind"]) for one in made(stack)) == wanted


@pytest.mark.parametrize("stack", STACKS)
def test_each_has_a_file_of_its_own_and_stands_in_order(stack: str) -> None:
    identities = [Identity.of(one) for one in made(stack)]
    assert identities == sorted(identities)
    files = {one.file for one in identities}
    assert len(files) == len(identities)
    assert all(re.fullmatch(r"[a-z0-9-]+_[a-z0-9.]+_[A-Za-z0-9.-]*[A-Za-z0-9]\.yaml", file) for file in files)


@pytest.mark.parametrize("stack", STACKS)
def test_a_secret_holds_references_and_nothing_else(stack: str) -> None:
    for one in made(stack):
        if one["kind"] == "Secret":
            assert "data" not in one
            for value in one["stringData"].values():
                text = re.sub(r'^\{"hub": .*: "(.*)"\}\}\}\}$', r"\1", value)
                assert all(REFERENCE.fullmatch(part) for part in text.split(";")), value


def test_no_mark_of_the_engine_is_left() -> None:
    assert "4dabf18193072939515e22adb298388d" not in yaml.safe_dump([*made("local"), *made("carbon254")])


def test_what_uses_a_secret_names_it_as_the_secret_is_named() -> None:
    release = next(one for one in made("local") if one["kind"] == "Release")
    secret = release["spec"]["values"]["hub"]["existingSecret"]
    assert "hub.config.CryptKeeper.keys" in by_name(made("local"), "Secret", secret)["stringData"]


def test_a_certificate_that_is_brought_has_its_alert_with_a_reference_as_its_end() -> None:
    patch = {"monitoring": {"operator": True, "namespaces": ["monitoring"], "stack": "own"}}
    found = objects.of_stack(settings(patch), None, named=False)
    alerts = yaml.safe_dump(next(one for one in found if one["kind"] == "PrometheusRule"), width=1000)
    assert "vector(<made at deployment: end of the certificate, in seconds>) - time()" in alerts


def test_secrets_that_settings_name_are_there_when_the_stack_brings_them(tmp_path: Path) -> None:
    brought = project_of(tmp_path, "aiv-prod", namedSecrets={"secure": "v1:abc"})
    words = ("manifests", "aiv-prod", "--release", "values", "--project", brought)
    found = [*yaml.safe_load_all(ran(*words).stdout)]
    pull = by_name(found, "Secret", "aiv-artifactory-credentials")
    reference = "<secret: jupyterhub:namedSecrets aiv-artifactory-credentials .dockerconfigjson>"
    assert pull["stringData"] == {".dockerconfigjson": reference}
    assert not [one for one in made("aiv-prod") if one["metadata"]["name"] == "aiv-artifactory-credentials"]


def test_two_parts_that_make_the_same_object_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "jupyterhub"}}
    monkeypatch.setattr(Helm, "objects", lambda *_: [twin])
    with pytest.raises(Cannot, match="the same object: Namespace jupyterhub"):
        objects.of_stack(settings(), Helm("helm", Path("chart")), named=False)


# As Helm renders it --------------------------------------------------------------------------------


def test_what_a_chart_makes_anew_each_time_is_no_difference(rendering: Path) -> None:
    first, second = (ran("manifests", "local", "--project", rendering).stdout for _ in range(2))
    assert first == second
    found = [*yaml.safe_load_all(first)]
    secret = by_name(found, "Secret", "hub")["stringData"]
    token, another = "<secret: generated as proxy-token-1>", "<made by the chart: another each time>"
    assert secret["token"] == token
    assert secret["cookie"] == another
    assert secret["file"].splitlines() == ["first: 1", f"key: {another}", f"token: {token}"]
    assert secret["bytes"] == "//4="
    hub = by_name(found, "Deployment", "hub")
    assert hub["metadata"]["annotations"]["checksum/secret"] == another
    assert hub["spec"]["volumes"] == [{"secretName": "<name: hub-credentials-...>"}]
    assert hub["spec"]["args"] == ["template", "jupyterhub"]
    assert not re.search("[0-9a-f]{16}", first)


def test_objects_of_the_release_are_in_its_namespace_unless_they_are_the_cluster_s(rendering: Path) -> None:
    found = [*yaml.safe_load_all(ran("manifests", "local", "--project", rendering).stdout)]
    assert by_name(found, "Deployment", "hub")["metadata"]["namespace"] == "jupyterhub"
    assert "namespace" not in by_name(found, "PriorityClass", "first")["metadata"]
    assert not [one for one in found if one["kind"] == "Release"]


def test_helm_is_told_for_which_kubernetes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool(tmp_path / "tools", "helm", f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    chart = with_chart(tmp_path) / ".charts" / "jupyterhub-4.4.0.tgz"
    Helm(str(tmp_path / "tools" / "helm"), chart).objects(settings_of("aiv-prod"), {})
    assert "--kube-version=1.32.0" in (tmp_path / "asked").read_text()


def test_without_helm_the_values_stand_for_the_release_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tools(monkeypatch, tmp_path / "tools")
    told = ran("manifests", "local", "--project", with_chart(project_of(tmp_path)))
    assert "helm is not on PATH" in told.stderr
    release = next(one for one in yaml.safe_load_all(told.stdout) if one["kind"] == "Release")
    assert release["spec"]["version"] == "4.4.0"
    # Whole numbers stay whole, though the engine's protocol has no such thing.
    assert "  timeout: 900\n" in told.stdout


def test_without_the_chart_the_values_stand_for_the_release_and_it_is_said(rendering: Path) -> None:
    (rendering / ".charts" / "jupyterhub-4.4.0.tgz").unlink()
    told = ran("manifests", "local", "--project", rendering)
    assert "there is no .charts/jupyterhub-4.4.0.tgz" in told.stderr
    assert "kind: Release" in told.stdout
    refused = ran("manifests", "local", "--release", "helm", "--project", rendering, ends=2)
    assert "settings.chart.path" in refused.stderr


def test_who_asks_for_helm_gets_nothing_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_tools(monkeypatch, tmp_path / "tools")
    words = ("manifests", "local", "--release", "helm", "--project", with_chart(project_of(tmp_path)))
    told = ran(*words, ends=2)
    assert "cannot be rendered: helm is not on PATH" in told.stderr
    assert told.stdout == ""


def test_helm_s_refusal_is_told_in_its_words(rendering: Path) -> None:
    tool(rendering / "tools", "helm", "#!/bin/sh\necho 'values do not meet the schema' >&2; exit 1\n")
    told = ran("manifests", "local", "--project", rendering, ends=2)
    assert "Helm does not render the release: values do not meet the schema" in told.stderr


def test_a_chart_that_is_not_the_pinned_one_is_not_rendered(rendering: Path) -> None:
    project_of(rendering, patch={"chart": {"digest": "0" * 64}})
    told = ran("manifests", "local", "--project", rendering, ends=2)
    assert "settings.chart.digest" in told.stderr


# Files ---------------------------------------------------------------------------------------------


def contents(folder: Path) -> dict[str, bytes]:
    return {place.name: place.read_bytes() for place in folder.iterdir()}


def test_two_processes_write_identical_bytes(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tool(tools, "helm", HELM)
    for stack in STACKS:
        with_chart(project_of(tmp_path, stack, FROM_REPOSITORY))
    for seed, zone, locale in (("1", "Pacific/Kiritimati", "C"), ("2", "America/Adak", "C.UTF-8")):
        other = {"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": locale, "PATH": str(tools)}
        subprocess.run(
            [sys.executable, "-c", ALL, str(tmp_path), seed, *STACKS],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(PROJECT), **other},
            check=True,
        )
    for stack in STACKS:
        first = contents(tmp_path / "1" / stack)
        assert first == contents(tmp_path / "2" / stack)
        assert any(name.endswith("_deployment.apps_hub.yaml") for name in first)
    assert "jupyter_secret_tunnel-token.yaml" in contents(tmp_path / "1" / "carbon254")


def test_a_file_holds_one_object_and_those_that_are_no_more_go(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "manifests"
    words = ("manifests", "local", "--release", "values", "--output", folder)
    ran(*words)
    told = [yaml.safe_load(text) for _, text in sorted(contents(folder).items())]
    assert sorted(map(str, told)) == sorted(map(str, made("local")))
    claim = folder / "jupyterhub_persistentvolumeclaim_shared.yaml"
    assert claim.is_file()
    ran(*words, "--project", project_of(tmp_path, patch={"storage": {"shared": None}}))
    assert not claim.exists()


def test_nothing_is_written_beside_what_somebody_else_put_there(tmp_path: Path) -> None:
    theirs = tmp_path / "notes.yaml"
    theirs.write_text("kind: Note\n")
    told = ran("manifests", "local", "--release", "values", "--output", tmp_path, ends=2)
    assert "notes.yaml was not written by `ops manifests`" in told.stderr
    assert contents(tmp_path) == {"notes.yaml": b"kind: Note\n"}


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = ran("manifests", "local", "--release", "values", "--output", tmp_path / "file", ends=2)
    assert "cannot be written" in told.stderr


def test_json_is_one_list_of_the_same_objects() -> None:
    told = ran("manifests", "local", "--release", "values", "--json").stdout
    assert tuple(yaml.safe_load(told)) == made("local")
