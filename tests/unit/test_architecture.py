"""The arrows between the parts of the project: who may import whom. Nothing points back."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.documents import PROJECT, STACKS

PROGRAM = ("__main__", "deployment", "components", "chart", "observability", "settings")

# What each part may import of ours.
ARROWS = {
    "__main__": {"deployment", "settings"},
    "deployment": {"components", "chart", "observability", "settings"},
    "components": {"settings"},
    "chart": {"settings"},
    "observability": {"settings"},
    "settings": set(),
    "embedded": set(),
    # Runs in the hub, which has none of ours.
    "files": set(),
    "ops": {"deployment", "chart", "observability", "settings"},
}


def parts() -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for place in PROJECT.iterdir():
        if place.name.startswith(".") or place.name == "tests":
            continue
        if place.suffix == ".py":
            found[place.stem] = [place]
        elif place.is_dir() and (modules := list(place.rglob("*.py"))):
            found[place.name] = modules
    return found


def imports(place: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(place.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{place}: import by full name, so that this test can read it"
            yield node.module or ""


def outside_of(part: str, module: str, known: set[str]) -> bool:
    top = module.split(".")[0]
    return top in known and top != part


PARTS = parts()
OURS = set(PARTS) | {"tests"}


def test_the_parts_are_there() -> None:
    assert {"deployment", "components", "chart", "settings", "embedded"} <= set(PARTS)


@pytest.mark.parametrize("part", sorted(ARROWS))
def test_a_part_imports_only_what_its_arrows_allow(part: str) -> None:
    wrong = [
        f"{place.relative_to(PROJECT)} imports {module}"
        for place in PARTS[part]
        for module in imports(place)
        if outside_of(part, module, OURS) and module.split(".")[0] not in ARROWS[part]
    ]
    assert wrong == []


def test_every_part_with_code_has_its_arrows() -> None:
    assert sorted(set(PARTS) - set(ARROWS) - {"images"}) == []


@pytest.mark.parametrize("place", PARTS["components"], ids=lambda place: place.name)
def test_components_do_not_import_each_other(place: Path) -> None:
    assert [module for module in imports(place) if module.startswith("components")] == []


@pytest.mark.parametrize(
    "place", [*PARTS["chart"], *PARTS["observability"], *PARTS["settings"]], ids=lambda place: str(place.name)
)
def test_only_load_knows_pulumi(place: Path) -> None:
    knows = any(module.split(".")[0].startswith("pulumi") for module in imports(place))
    assert knows == (place == PROJECT / "settings" / "load.py")


def test_only_load_and_main_meet_the_stack_s_config() -> None:
    everyone = [place for part in PROGRAM for place in PARTS[part]]
    asking = {place.name for place in everyone if "pulumi.Config(" in place.read_text()}
    assert asking == {"load.py"}


@pytest.mark.parametrize("place", PARTS["components"], ids=lambda place: place.name)
def test_components_read_no_environment_and_no_stack(place: Path) -> None:
    tree = ast.parse(place.read_text())
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not names & {"get_stack", "get_project", "environ", "getenv", "StackReference"}
    assert "os" not in set(imports(place))


def test_component_tokens_are_literal_and_end_with_their_class() -> None:
    tokens = {}
    for place in PARTS["components"]:
        for made in [
            node for node in ast.walk(ast.parse(place.read_text())) if isinstance(node, ast.ClassDef)
        ]:
            for call in [node for node in ast.walk(made) if isinstance(node, ast.Call)]:
                is_super = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Call)
                if is_super and len(call.args) == 4:
                    token = call.args[0]
                    assert isinstance(token, ast.Constant)
                    tokens[made.name] = token.value
    assert tokens == {name: f"jupyterhub:components:{name}" for name in tokens}
    modules = {place.stem for place in PARTS["components"]} - {"__init__", "limits"}
    assert {name.lower() for name in tokens} == {module.replace("_", "") for module in modules}


def test_behaviour_comes_from_fields_and_not_from_a_stack_s_name() -> None:
    # A stack may be called by an ordinary word, such as `test`, that the program has for something else.
    stacks = {stack for stack in STACKS if not stack.isalpha()} | {"lab"}
    for part in PROGRAM:
        for place in PARTS[part]:
            words = {
                node.value
                for node in ast.walk(ast.parse(place.read_text()))
                if isinstance(node, ast.Constant)
            }
            compared = words & stacks
            assert not compared, f"{place}: {compared}"
            # load.py names the stack in the commands that it tells people, and does nothing else with it.
            assert "get_stack" not in place.read_text() or place.name == "load.py"


def test_no_part_is_named_like_a_module_of_the_standard_library() -> None:
    # The project's folder is first on sys.path: such a name would take the library's place.
    assert not (set(PARTS) - {"__main__"}) & set(sys.stdlib_module_names)
