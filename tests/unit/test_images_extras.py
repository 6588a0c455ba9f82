"""Images that only some stacks need: built when one asks, and laid over Debian without spoiling it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from embedded.images import build, ensure, extras, recipe
from embedded.images.recipe import RECIPES, architecture, base_key, key
from embedded.paths import CHECKOUT, Paths
from embedded.toolchain import debian
from tests.unit.documents import STACKS, committed

AMD64 = architecture("x86_64")


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_gets_the_images_that_its_document_asks_for(stack: str) -> None:
    document = committed(stack)
    wanted = extras.extras_for(document)
    assert ("postgres" in wanted) == ("host" in document["database"])
    assert ("connector" in wanted) == ("tunnel" in document["ingress"])
    assert set(wanted) <= {each.name for each in extras.EXTRAS} == set(extras.MAKERS)


def test_without_being_asked_for_none_of_them_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def fake(wanted: list[tuple[recipe.Recipe, build.Image]], *_rest: object) -> None:
        asked.append([one.name for one, _ in wanted])
        for _, image in wanted:
            image.archive.touch()

    monkeypatch.setattr(build, "_build_all", fake)
    monkeypatch.setattr(debian, "ensure", lambda _packages, _why: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    paths = Paths(cache=tmp_path / "cache", state=tmp_path / "state")
    assert set(ensure(paths, Path("go"))) == {each.name for each in RECIPES}
    assert set(ensure(paths, Path("go"), extra=("postgres",))) == {
        "postgres",
        *(each.name for each in RECIPES),
    }
    assert asked[1:] == [["postgres"]]


def test_what_makes_them_decides_their_tags_and_no_other_image_s() -> None:
    for each in extras.EXTRAS:
        assert "embedded/images/extras.py" in each.inputs
        assert all((CHECKOUT / name).is_file() for name in each.inputs)
        assert key(each, AMD64) != base_key(AMD64)
    assert Path(extras.__file__) not in recipe.BUILDER


def test_containers_of_them_run_as_a_number_and_not_as_root() -> None:
    """A pod that must not run as root is refused when the image names its user by a word."""
    for each in extras.EXTRAS:
        user, group = str(each.config["User"]).split(":")
        assert int(user) > 0
        assert int(group) > 0


def test_packages_leave_debian_s_files_and_links_as_they_are(tmp_path: Path) -> None:
    base, tree = tmp_path / "base", tmp_path / "tree"
    (base / "usr/lib").mkdir(parents=True)
    (base / "usr/lib/libc.so").write_text("debian's")
    (base / "lib").symlink_to("usr/lib")
    (base / "etc").mkdir()
    (base / "etc/passwd").write_text("root")
    (tree / "usr/lib/postgresql").mkdir(parents=True)
    (tree / "usr/lib/libc.so").write_text("another one")
    (tree / "usr/lib/postgresql/server").write_text("new")
    (tree / "lib").symlink_to("usr/lib")
    (tree / "etc").mkdir()
    (tree / "etc/passwd").write_text("postgres")
    extras.without_known(tree, base)
    left = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir())
    assert left == ["etc/passwd", "usr/lib/postgresql/server"]
    assert not (tree / "lib").is_symlink()
