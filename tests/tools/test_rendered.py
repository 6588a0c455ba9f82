"""What Helm renders of each committed stack: valid for the oldest and the newest Kubernetes that is served.

The small chart always; the JupyterHub chart where JUPYTERHUB_CHART names its archive.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import (  # type: ignore[import-untyped]  # no types come with it
    SchemaNotFoundError,
    ValidationError,
    validate,
)

from chart import archive, images, mirror, schema
from chart.archive import Archive
from chart.values import build
from embedded import charts, toolchain
from embedded.paths import find
from settings import Settings
from settings.chart import PathChart
from settings.document import read as checked
from tests.unit.documents import PROJECT, TODAY, stack_file

STACKS = sorted(place.name.split(".")[1] for place in PROJECT.glob("Pulumi.*.yaml"))
KUBERNETES = ("1.32", "1.36")
# Kinds that no Kubernetes brings along: their schemas come with what serves them.
CUSTOM = {"HTTPRoute"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A packed chart, what the program reads of it, and a Helm to render it."""

    place: Path
    read: Archive
    helm: Path

    def renders(self, values: Json, kubernetes: str, folder: Path) -> list[Json]:
        (folder / "values.yaml").write_text(yaml.safe_dump(values))
        done = subprocess.run(
            [
                self.helm,
                "template",
                "jupyterhub",
                self.place,
                "--namespace=hub",
                f"--kube-version={kubernetes}.0",
                "--values",
                folder / "values.yaml",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [found for found in yaml.safe_load_all(done.stdout) if found]


def packed_chart(packed: bytes, folder: Path, helm: Path) -> Chart:
    with tarfile.open(fileobj=io.BytesIO(packed)) as opened:
        meta = opened.extractfile("jupyterhub/Chart.yaml")
        assert meta is not None
        version = yaml.safe_load(meta.read())["version"]
    place = folder / f"jupyterhub-{version}.tgz"
    place.write_bytes(packed)
    named = PathChart.model_validate({"source": "path", "path": place.name, "version": version})
    return Chart(place, archive.read(packed, named, place.name), helm)


@pytest.fixture(scope="session")
def helm() -> Path:
    return toolchain.ensure(["helm"], find()).path("helm")


@pytest.fixture(scope="session", params=["small", "real"])
def chart(request: pytest.FixtureRequest, helm: Path, tmp_path_factory: pytest.TempPathFactory) -> Chart:
    if request.param == "small":
        return packed_chart(charts.pack(charts.SMALL, helm), tmp_path_factory.mktemp("small"), helm)
    given = os.environ.get("JUPYTERHUB_CHART")
    if not given:
        pytest.skip("JUPYTERHUB_CHART names no archive of the JupyterHub chart")
    return packed_chart(Path(given).read_bytes(), tmp_path_factory.mktemp("real"), helm)


@pytest.fixture(params=STACKS)
def settings(request: pytest.FixtureRequest) -> Settings:
    return checked(stack_file(request.param)["config"]["jupyterhub:settings"], TODAY)


@pytest.fixture
def values(settings: Settings, chart: Chart) -> Json:
    """The values as the release has them, with the two leaves that only a deployment knows."""
    built = build(settings)
    assert schema.findings(built, chart.read) == []
    assert mirror.findings(settings, built, chart.read) == []
    built["hub"]["existingSecret"] = "credentials"
    built["proxy"]["secretToken"] = "0" * 64
    return built


def faults(objects: list[Json], kubernetes: str) -> Iterator[str]:
    for found in objects:
        name = f"{found['kind']}/{found['metadata']['name']}"
        try:
            validate(found, kubernetes, strict=True)
        except SchemaNotFoundError:
            if found["kind"] not in CUSTOM:
                yield f"{name}: Kubernetes {kubernetes} has no {found['apiVersion']} {found['kind']}"
        except ValidationError as error:
            yield f"{name}: {'.'.join(map(str, error.path))}: {error.message[:200]}"


@pytest.mark.parametrize("kubernetes", KUBERNETES)
def test_what_is_rendered_is_valid(chart: Chart, values: Json, kubernetes: str, tmp_path: Path) -> None:
    objects = chart.renders(values, kubernetes, tmp_path)
    assert {("Deployment", "hub"), ("Deployment", "proxy")} <= {
        (found["kind"], found["metadata"]["name"]) for found in objects
    }
    assert list(faults(objects, kubernetes)) == []


def test_the_list_of_images_is_what_the_pods_pull(chart: Chart, values: Json, tmp_path: Path) -> None:
    listed = {found.reference for found in images.pulled(schema.over(chart.read.defaults, values))}
    rendered = set(pod_images(chart.renders(values, KUBERNETES[-1], tmp_path)))
    assert rendered <= listed
    # Nodes pull the notebooks' images when a user's server starts, and no object names them before.
    notebook = values["singleuser"]["image"]
    assert listed - rendered <= {f"{notebook['name']}:{notebook['tag']}", *chosen(values)}


def test_helms_record_of_a_release_fits_into_a_secret_with_room(
    chart: Chart, values: Json, tmp_path: Path
) -> None:
    """A Secret holds 1 MiB; one that is larger ends each deployment with words about nothing of ours."""
    with tarfile.open(chart.place) as opened:
        read = {found.name: opened.extractfile(found) for found in opened if found.isfile()}
        files = {name: base64.b64encode(part.read()).decode() for name, part in read.items() if part}
    objects = chart.renders(values, KUBERNETES[-1], tmp_path)
    record = {"chart": files, "config": values, "manifest": yaml.safe_dump_all(objects)}
    size = len(base64.b64encode(gzip.compress(json.dumps(record).encode())))
    assert size < 640 * 1024


def chosen(tree: object) -> Iterator[str]:
    """Give the images that profiles and their choices name."""
    if isinstance(tree, dict):
        if "image" in (override := tree.get("kubespawner_override") or {}):
            yield str(override["image"])
        yield from (image for value in tree.values() for image in chosen(value))
    elif isinstance(tree, list):
        yield from (image for item in tree for image in chosen(item))


def pod_images(tree: object) -> Iterator[str]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in ("containers", "initContainers"):
                yield from (container["image"] for container in value)
            yield from pod_images(value)
    elif isinstance(tree, list):
        for item in tree:
            yield from pod_images(item)


def test_what_kubernetes_would_refuse_is_found(helm: Path, tmp_path: Path) -> None:
    small = packed_chart(charts.pack(charts.SMALL, helm), tmp_path, helm)
    local = build(checked(stack_file("local")["config"]["jupyterhub:settings"], TODAY))
    objects = small.renders(local, "1.36", tmp_path)
    deployment = next(found for found in objects if found["kind"] == "Deployment")
    deployment["spec"]["replicas"] = "one"
    assert len(list(faults(objects, "1.36"))) == 1
    deployment["spec"]["replicas"] = 1
    deployment["spec"]["template"]["spec"]["tolerationz"] = []
    assert len(list(faults(objects, "1.36"))) == 1
    del deployment["spec"]["template"]["spec"]["tolerationz"]
    deployment["apiVersion"] = "extensions/v1beta1"
    assert "has no extensions/v1beta1 Deployment" in next(faults(objects, "1.36"))
