"""What a change changes: by object and by field, against a folder and against a revision."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ops import difference_text
from ops.differences import ABSENT, differences, fields_of
from tests.unit.documents import Document
from tests.unit.ops_runs import project_of, ran, without_tools

Json = dict[str, Any]
VALUES = ("--release", "values")


def config_map(name: str, **data: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "a"},
        "data": data,
    }


def changed(before: Any, after: Any) -> list[tuple[str, Any, Any]]:  # noqa: ANN401
    return [(one.path, one.before, one.after) for one in fields_of(before, after)]


# Objects and fields --------------------------------------------------------------------------------


def test_what_came_went_and_changed_is_told_and_the_rest_is_not() -> None:
    before = [config_map("gone"), config_map("other", key="1"), config_map("same", key="1")]
    after = [config_map("same", key="1"), config_map("other", key="2"), config_map("new")]
    assert [(one.what, one.identity.name) for one in differences(before, after)] == [
        ("removed", "gone"),
        ("added", "new"),
        ("changed", "other"),
    ]


def test_another_version_of_a_kind_is_a_change_and_no_other_object() -> None:
    old, new = ({**config_map("one"), "apiVersion": f"example.org/{version}"} for version in ("v1", "v2"))
    (change,) = differences([old], [new])
    assert [(one.path, one.before) for one in change.fields] == [("apiVersion", "example.org/v1")]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, [("a.b", 1, 2)]),
        ({"a": 1}, {}, [("a", 1, ABSENT)]),
        ({"a": None}, {}, [("a", None, ABSENT)]),
        ({"hub.example/a": 1}, {"hub.example/a": 2}, [("[hub.example/a]", 1, 2)]),
        ({"a": {"b.c": 1}}, {"a": {"b.c": 2}}, [("a[b.c]", 1, 2)]),
        # Named items are matched wherever they stand, and so a new first one changes nothing else.
        (
            {"c": [{"name": "hub", "image": "1"}]},
            {"c": [{"name": "side"}, {"name": "hub", "image": "2"}]},
            [("c[hub].image", "1", "2"), ("c[side]", ABSENT, {"name": "side"})],
        ),
        # In which order containers and profiles stand has a meaning.
        (
            [{"name": "a"}, {"name": "b"}],
            [{"name": "b"}, {"name": "a"}],
            [(" (order)", ["[a]", "[b]"], ["[b]", "[a]"])],
        ),
        ({"p": [{"port": 1}, {"port": 2}]}, {"p": [{"port": 1}, {"port": 3}]}, [("p[1].port", 2, 3)]),
        ({"p": [{"port": 1}]}, {"p": []}, [("p", [{"port": 1}], [])]),
        ({"v": [1, 2]}, {"v": [1, 3]}, [("v", [1, 2], [1, 3])]),
        ({"name": "twice", "l": [{"name": "x"}] * 2}, {"name": "twice", "l": [{"name": "x"}] * 2}, []),
        # A document in a text has paths too, also where a reference in it would be no YAML.
        (
            {"values.yaml": "a: 1\nb: <secret: jupyterhub:x>\n"},
            {"values.yaml": "a: 2\nb: <secret: jupyterhub:x>\n"},
            [("[values.yaml]|a", 1, 2)],
        ),
        ({"f": "a: 1\nb: ["}, {"f": "a: 2\nb: ["}, [("f", "a: 1\nb: [", "a: 2\nb: [")]),
        # Another way to write the same document is a change of the text.
        ({"f": "a: 1\nb: 2\n"}, {"f": "a:  1\nb: 2\n"}, [("f", "a: 1\nb: 2\n", "a:  1\nb: 2\n")]),
    ],
)
def test_a_field_is_named_by_its_path(before: Any, after: Any, told: list[Any]) -> None:  # noqa: ANN401
    assert changed(before, after) == told


def test_texts_of_several_lines_are_told_by_their_lines() -> None:
    long = "".join(f"line {number}\n" for number in range(40))
    (change,) = differences([config_map("a", f=long)], [config_map("a", f=long.replace("line 7\n", "new\n"))])
    assert difference_text.text([change]).splitlines()[1:] == [
        "~ ConfigMap a/a",
        "    data.f:",
        "        - line 7",
        "        + new",
    ]


def test_what_is_long_is_cut_for_people_and_whole_for_programs() -> None:
    changes = differences([config_map("a", f="x" * 500)], [config_map("a", f="\n".join("y" * 50))])
    text = difference_text.text(changes)
    assert "x" * 161 not in text
    assert "(31 lines more)" in text
    assert difference_text.document(changes)[0]["fields"][0]["before"] == "x" * 500


def test_programs_can_tell_null_from_nothing() -> None:
    (change,) = difference_text.document(differences([config_map("a")], [{**config_map("a"), "x": None}]))
    assert change["fields"] == [{"path": "x", "after": None}]


def test_no_text_of_an_object_ends_the_block_of_a_comment_early() -> None:
    text = difference_text.markdown("lab", differences([config_map("a")], [config_map("a", f="```\n````")]))
    fence = "`````"
    assert [line for line in text.splitlines() if line.startswith(fence)] == [f"{fence}diff", fence]


# Against a folder ----------------------------------------------------------------------------------


def manifests_in(place: Path, patch: Document | None = None) -> tuple[Path, Path]:
    """A project, and the manifests of its stack as they were before a patch."""
    project, folder = project_of(place), place / "before"
    ran("manifests", "local", *VALUES, "--output", folder, "--project", project)
    return project_of(place, patch=patch), folder


def test_a_change_of_the_settings_is_told_by_the_fields_that_it_changes(tmp_path: Path) -> None:
    project, before = manifests_in(tmp_path, {"culling": {"idle": "2h"}, "storage": {"shared": None}})
    words = ("manifests", "local", *VALUES, "--against", before, "--project", project)
    told = ran(*words).stdout.splitlines()
    assert told[0] == "1 removed, 1 changed."
    assert "- PersistentVolumeClaim jupyterhub/shared" in told
    assert "    spec.values.cull.timeout: 3600 -> 7200" in told
    assert ran(*words, "--format", "markdown").stdout.startswith("**local**: 1 removed, 1 changed.\n")
    found = json.loads(ran(*words, "--json").stdout)
    assert [(one["change"], one["kind"]) for one in found] == [
        ("removed", "PersistentVolumeClaim"),
        ("changed", "Release"),
    ]
    assert {"path": "spec.values.cull.timeout", "before": 3600, "after": 7200} in found[1]["fields"]


def test_without_a_change_there_is_nothing_to_tell(tmp_path: Path) -> None:
    project, before = manifests_in(tmp_path)
    words = ("manifests", "local", *VALUES, "--against", before, "--project", project)
    assert ran(*words).stdout == "Nothing changes.\n"
    assert ran(*words, "--format", "markdown").stdout == "**local**: Nothing changes.\n"
    assert json.loads(ran(*words, "--json").stdout) == []


def test_a_rendered_release_is_not_held_against_values(tmp_path: Path) -> None:
    project, before = manifests_in(tmp_path)
    next(before.glob("*_release.*")).unlink()
    told = ran("manifests", "local", *VALUES, "--against", before, "--project", project, ends=2)
    assert f"there by its values now, and rendered in {before}" in told.stderr


@pytest.mark.parametrize("text", ["kind: [", "kind: Note\n", "- 1\n", "just words\n"])
def test_a_folder_of_something_else_is_refused_without_its_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "theirs.yaml").write_text(text)
    told = ran("manifests", "local", *VALUES, "--against", tmp_path, ends=2)
    assert "files that are no manifests" in told.stderr
    assert text.strip() not in told.stderr


def test_an_empty_folder_is_no_earlier_state(tmp_path: Path) -> None:
    told = ran("manifests", "local", *VALUES, "--against", tmp_path, ends=2)
    assert f"{tmp_path} has no manifests" in told.stderr


def test_markdown_is_for_differences_alone() -> None:
    assert "--against" in ran("manifests", "local", *VALUES, "--format", "markdown", ends=2).stderr
    # A variable that is not set: all manifests would look like an answer.
    assert "names nothing" in ran("manifests", "local", *VALUES, "--against", "", ends=2).stderr


# Against a revision --------------------------------------------------------------------------------

# A project of its own: what it was writes its manifests in its own way.
THEN = """\
import pathlib, sys
import yaml
folder = pathlib.Path(sys.argv[sys.argv.index("--output") + 1])
assert sys.argv[1:5] == ["manifests", "local", "--release", "values"], sys.argv
assert pathlib.Path(".charts/kept.tgz").is_file()
release = {"apiVersion": "helm.sh/v3", "kind": "Release", "metadata": {"name": "then"}}
(folder / "a.yaml").write_text(yaml.safe_dump(release))
"""


def git(project: Path, *words: str) -> None:
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", project, *who, *words], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    project = project_of(tmp_path)
    (project / "ops").mkdir()
    (project / "ops" / "__main__.py").write_text(THEN)
    (project / ".gitignore").write_text(".charts/\n")
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "then")
    (project / ".charts").mkdir()
    (project / ".charts" / "kept.tgz").write_text("")
    return project


def test_a_revision_makes_its_manifests_with_its_own_code(repository: Path) -> None:
    (repository / "ops" / "__main__.py").write_text("raise SystemExit('not this one')")
    told = ran("manifests", "local", *VALUES, "--against", "main", "--project", repository).stdout
    assert "- Release.helm.sh then" in told
    assert "+ Release.helm.sh jupyterhub/jupyterhub" in told


def test_a_stack_that_the_revision_does_not_have_is_all_new(repository: Path) -> None:
    project_of(repository, "lab")
    told = ran("manifests", "lab", *VALUES, "--against", "HEAD", "--project", repository).stdout
    assert "+ Namespace jupyterhub-test" in told
    assert not [line for line in told.splitlines() if line.startswith(("-", "~"))]


def test_a_revision_whose_code_fails_is_told_in_its_words(repository: Path) -> None:
    (repository / "ops" / "__main__.py").write_text("raise SystemExit('no such command')")
    git(repository, "commit", "-q", "-a", "-m", "broken")
    told = ran("manifests", "local", *VALUES, "--against", "HEAD", "--project", repository, ends=2)
    assert "The revision does not make its manifests: no such command" in told.stderr


@pytest.mark.parametrize("word", ["no-such-branch", "--output=stolen", "-h"])
def test_what_is_neither_folder_nor_revision_is_told(repository: Path, word: str) -> None:
    told = ran("manifests", "local", *VALUES, f"--against={word}", "--project", repository, ends=2)
    assert f"{word} is no folder, and git knows no such revision" in told.stderr
    assert not (repository / "stolen").exists()


def test_without_git_only_folders_can_be_compared_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_tools(monkeypatch, tmp_path / "tools")
    told = ran("manifests", "local", *VALUES, "--against", "main", ends=2)
    assert "git is not on PATH" in told.stderr
