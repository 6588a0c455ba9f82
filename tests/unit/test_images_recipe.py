"""An image's name follows from everything that decides its content; its locks are whole and name no host."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.images import recipe
from embedded.images.recipe import RECIPES, Recipe, architecture, files_of, key, ref
from embedded.paths import CHECKOUT

AMD64 = architecture("x86_64")
PYTHON_LOCKS = ("hub", "notebook", "notebook/code-server", "proxy")
NPM_LOCKS = {"proxy": "configurable-http-proxy", "notebook/code-server": "code-server"}
BY_NAME = {each.name: each for each in RECIPES}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for each in RECIPES:
        for name in each.inputs:
            for file in files_of(CHECKOUT / name):
                place = tmp_path / file.relative_to(CHECKOUT)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)
    return tmp_path


def pins(name: str) -> dict[str, str]:
    lock = (CHECKOUT / "images" / name / "requirements.txt").read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ]+) \\$", lock, re.MULTILINE))


def test_all_images_are_named_for_the_node() -> None:
    assert set(BY_NAME) == {"hub", "proxy", "notebook", "pause", "helper"}
    for each in RECIPES:
        assert re.fullmatch(rf"localhost/jupyterhub/{each.name}:[a-f][0-9a-f]{{11}}", ref(each, AMD64))


@pytest.mark.parametrize("each", RECIPES, ids=lambda each: each.name)
def test_the_same_inputs_give_the_same_tag_in_any_checkout(each: Recipe, checkout: Path) -> None:
    assert key(each, AMD64, checkout) == key(each, AMD64)


@pytest.mark.parametrize(
    ("each", "name"),
    [(each, name) for each in RECIPES for name in each.inputs],
    ids=lambda value: str(value)[-30:],
)
def test_a_changed_input_changes_the_tag(each: Recipe, name: str, checkout: Path) -> None:
    before = key(each, AMD64, checkout)
    changed = files_of(checkout / name)[-1]
    changed.write_text(changed.read_text() + "\n")
    assert key(each, AMD64, checkout) != before


@pytest.mark.parametrize("each", RECIPES, ids=lambda each: each.name)
def test_a_changed_configuration_changes_the_tag(each: Recipe) -> None:
    assert key(replace(each, config={**each.config, "User": "4711"}), AMD64) != key(each, AMD64)


def test_a_change_of_the_builder_changes_every_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {key(each, AMD64) for each in RECIPES}
    other = tmp_path / "layer.py"
    other.write_text("# another builder")
    monkeypatch.setattr(recipe, "BUILDER", (*recipe.BUILDER, other))
    assert before.isdisjoint({key(each, AMD64) for each in RECIPES})


def test_the_processor_type_is_part_of_the_tag() -> None:
    arm = architecture("arm64")
    assert arm == architecture("aarch64")
    assert arm.image == "arm64"
    assert {key(each, arm) for each in RECIPES}.isdisjoint({key(each, AMD64) for each in RECIPES})


def test_an_unknown_processor_type_is_refused() -> None:
    with pytest.raises(Fault, match="riscv64") as refused:
        architecture("riscv64")
    assert "KUBECONTEXT" in refused.value.remedy


def test_a_tag_is_never_a_number_to_yaml() -> None:
    for seed in range(200):
        tag = recipe._tag(recipe._digest([str(seed).encode()]))
        assert re.fullmatch("[a-f][0-9a-f]{11}", tag)


@pytest.mark.parametrize("name", PYTHON_LOCKS)
def test_python_locks_pin_each_package_with_hashes(name: str) -> None:
    lock = (CHECKOUT / "images" / name / "requirements.txt").read_text()
    entries = [entry for entry in re.split(r"(?m)^(?=[a-z0-9])", lock) if entry.strip()]
    assert len(entries) == len(pins(name))
    for entry in entries:
        assert "--hash=sha256:" in entry


@pytest.mark.parametrize("folder", NPM_LOCKS)
def test_npm_locks_have_an_integrity_hash_for_each_package(folder: str) -> None:
    packages = json.loads((CHECKOUT / "images" / folder / "package-lock.json").read_text())["packages"]
    assert f"node_modules/{NPM_LOCKS[folder]}" in packages
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-"), name


def test_no_lock_names_an_address() -> None:
    for pattern in ("requirements*", "package*.json", "left-out.txt", "Dockerfile"):
        files = sorted((CHECKOUT / "images").rglob(pattern))
        for file in files:
            assert not re.search(r"://|--index|--extra|resolved|registry\.", file.read_text()), file


def test_the_hub_runs_the_required_versions() -> None:
    hub = pins("hub")
    assert hub["jupyterhub"] == "5.5.4"
    assert hub["oauthenticator"] == "17.4.0"
    assert hub["jupyterhub-kubespawner"].startswith("7.")
    assert {"jupyterhub-idle-culler", "psycopg2-binary", "pycurl", "cryptography", "pyyaml"} <= set(hub)


def test_the_single_user_server_is_the_hubs_version() -> None:
    assert pins("notebook")["jupyterhub"] == pins("hub")["jupyterhub"]


@pytest.mark.parametrize("name", [*PYTHON_LOCKS])
def test_every_wanted_package_is_in_its_lock(name: str) -> None:
    wanted = (CHECKOUT / "images" / name / "requirements.in").read_text()
    names = re.findall(r"^([a-z0-9-]+)", wanted, re.MULTILINE)
    assert names
    assert set(names) <= set(pins(name))


def test_users_are_numbers_that_are_not_root() -> None:
    """Pod Security `restricted` with runAsNonRoot refuses names and 0."""
    for name in ("hub", "proxy", "notebook", "pause"):
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", str(BY_NAME[name].config["User"]))


@pytest.mark.parametrize("name", ["hub", "proxy", "notebook"])
def test_dockerfiles_start_as_the_embedded_images_do(name: str) -> None:
    text = (CHECKOUT / "images" / name / "Dockerfile").read_text()
    config = BY_NAME[name].config
    said = dict(re.findall(r"^(USER|WORKDIR|ENTRYPOINT|CMD) (.+)$", text, re.MULTILINE))
    assert said["USER"] == config["User"]
    assert said["WORKDIR"] == config["WorkingDir"]
    assert json.loads(said["ENTRYPOINT"]) == config["Entrypoint"]
    assert json.loads(said["CMD"]) == config["Cmd"]
