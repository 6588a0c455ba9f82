"""`ops compare`: every setting of every stack in one table, matched by name, differences first."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from ops.side_by_side import ABSENT, EMPTY, Row, rows, sections
from settings import Settings
from tests.unit.documents import STACKS, Document, settings, settings_of
from tests.unit.ops_runs import project_of, ran

SECRET = "Zr8-kept-to-ourselves-Qx1"
PROFILE: Document = {"cpu": {"guarantee": "1", "limit": "1"}, "memory": {"guarantee": "1Gi", "limit": "1Gi"}}


def row(section: str, path: str, *stacks: Settings) -> Row:
    (found,) = [one for one in rows(stacks) if (one.section, one.path) == (section, path)]
    return found


def paths(section: str, *stacks: Settings) -> list[str]:
    return [one.path for one in rows(stacks) if one.section == section]


def profile(name: str, **more: Any) -> Document:  # noqa: ANN401
    return {"name": name, "slug": name.lower(), **PROFILE, **more}


def leaves(tree: Any) -> int:  # noqa: ANN401
    """Count the fields that are filled in; a list of names is one, and so is a reach."""
    if isinstance(tree, dict) and "public443" in tree:
        return 1
    if isinstance(tree, dict):
        return sum(map(leaves, tree.values()))
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return sum(map(leaves, tree))
    return 0 if tree in (None, [], "") else 1


@pytest.mark.parametrize("stack", STACKS)
def test_every_field_that_is_filled_in_is_a_row_with_its_default(stack: str) -> None:
    chosen = settings_of(stack)
    dumped = chosen.model_dump(by_alias=True, mode="json")
    # Names are in the paths of what they name.
    entries = [*dumped["profiles"], *dumped["services"]["catalogue"]]
    entries += [*dumped["network"]["hubEgress"], *dumped["network"]["userEgress"]]
    entries += [one for profile in dumped["profiles"] for one in (*profile["sizes"], *profile["images"])]
    shown = [one for one in rows([chosen]) if one.values != (EMPTY,)]
    assert len(shown) == leaves(dumped) - len(entries)


def test_sections_come_as_documents_have_them_and_differences_first_in_each() -> None:
    found = rows([settings_of("lab"), settings_of("aiv-prod")])
    order = [name for name, _ in groupby(found, lambda one: one.section)]
    assert order == [name for name in sections() if name in order]
    for _, members in groupby(found, lambda one: one.section):
        differs = [one.differs for one in members]
        assert differs == sorted(differs, reverse=True)


def test_a_default_counts_like_what_is_written() -> None:
    written = settings({"culling": {"maxAge": None}, "hub": {"version": settings().hub.version}})
    assert not [one for one in rows([settings(), written]) if one.differs]


def test_profiles_are_matched_by_name_wherever_they_stand() -> None:
    first = settings({"profiles": [profile("A", default=True), profile("B")]})
    second = settings({"profiles": [profile("B", description="other"), profile("A", default=True)]})
    differing = [one.path for one in rows([first, second]) if one.differs]
    assert differing == ["[B].description"]


def test_services_without_a_name_are_matched_by_kind_and_two_of_one_kind_are_told_apart() -> None:
    here = settings_of("carbon254")
    one = here.services.catalogue[0]
    twice = here.model_copy(update={"services": here.services.model_copy(update={"catalogue": (one, one)})})
    found = paths("services", twice)
    assert "catalogue[trino].url" in found
    assert "catalogue[trino #2].url" in found


def test_what_a_stack_has_no_field_for_is_told_from_what_is_empty() -> None:
    lab, prod = settings_of("lab"), settings_of("aiv-prod")
    assert row("database", "host", lab, prod).values == (ABSENT, "postgres.aiv.internal")
    assert row("storage", "snapshotClass", lab, prod).values == (EMPTY, "ceph-rbd-snapshots")
    # The tunnel's own fields say that there is none.
    assert "tunnel" not in paths("ingress", lab, prod)
    assert row("ingress", "tunnel", prod, prod).values == (EMPTY, EMPTY)


def test_nothing_and_empty_are_no_difference() -> None:
    assert not Row(section="hub", path="a", values=(ABSENT, EMPTY)).differs
    assert Row(section="hub", path="a", values=(ABSENT, "false")).differs


def test_how_something_is_reached_is_one_row_in_short() -> None:
    reach = row("database", "reach", settings_of("aiv-prod"), settings_of("carbon254"))
    assert reach.values == ("cidrs: 10.50.30.0/28; ports: 5432", "namespace: postgresql; ports: 5432")


def test_what_other_fields_depend_on_stands_before_them() -> None:
    both = (settings_of("lab"), settings_of("aiv-prod"))
    for section in ("auth", "ingress", "database", "tls"):
        assert paths(section, *both)[0] in ("provider", "controller", "kind", "source")


def test_a_long_text_is_told_by_its_digest() -> None:
    bundle = {"configMap": "authorities", "certificates": "one\ntwo\n"}
    given = settings().model_dump(by_alias=True, mode="json")
    stacks = [
        Settings.model_validate({**given, "cluster": {**given["cluster"], "caBundle": bundle | more}})
        for more in ({}, {"certificates": "one\nthree\n"})
    ]
    found = row("cluster", "caBundle.certificates", *stacks)
    assert found.differs
    assert all(value.startswith("2 lines, SHA-256 ") for value in found.values)


# The command ---------------------------------------------------------------------------------------


def test_the_three_forms_say_the_same() -> None:
    words = ("compare", "lab", "aiv-prod", "iav-test", "--section", "tls")
    table = ran(*words).stdout.splitlines()
    assert table[0].split() == ["tls", "lab", "aiv-prod", "iav-test"]
    assert table[1].split() == ["*", "source", "none", "pfx", "existingSecret"]
    markdown = ran(*words, "--format", "markdown").stdout.splitlines()
    assert markdown[:3] == ["### tls", "", "|  | setting | lab | aiv-prod | iav-test |"]
    assert "| **differs** | `source` | none | pfx | existingSecret |" in markdown
    told = json.loads(ran(*words, "--json").stdout)
    values = {"lab": "none", "aiv-prod": "pfx", "iav-test": "existingSecret"}
    assert told[0] == {"section": "tls", "path": "source", "differs": True, "values": values}


def test_what_is_the_same_can_be_left_out() -> None:
    words = ("compare", "aiv-prod", "aiv-staging", "--json")
    everything, different = (json.loads(ran(*words, *more).stdout) for more in ((), ("--differences",)))
    assert different == [one for one in everything if one["differs"]]
    assert 0 < len(different) < len(everything)


def test_a_cell_does_not_break_the_table(tmp_path: Path) -> None:
    project = project_of(tmp_path, patch={"about": {"organisation": "A | [bold]B"}})
    project_of(tmp_path, "lab")
    words = ("compare", "lab", "local", "--section", "about", "--project", project)
    assert "A | [bold]B" in ran(*words).stdout
    assert "A \\| [bold]B |" in ran(*words, "--format", "markdown").stdout


def test_secrets_are_in_no_form(tmp_path: Path) -> None:
    project = project_of(tmp_path, tlsKey=SECRET, sharedPassword={"secure": SECRET})
    project_of(tmp_path, "lab", oauthClientSecret=SECRET)
    for form in ("table", "markdown", "json"):
        told = ran("compare", "lab", "local", "--format", form, "--project", project)
        assert SECRET not in told.output


@pytest.mark.parametrize("stacks", [["lab"], ["lab", "lab"], ["lab", "local", "lab"]])
def test_one_stack_has_nothing_beside_it(stacks: list[str]) -> None:
    assert "name two stacks or more" in ran("compare", *stacks, ends=2).stderr


def test_a_section_that_is_not_there_is_told_with_those_that_are() -> None:
    told = ran("compare", "lab", "local", "--section", "hubb", ends=2)
    assert "no section hubb" in told.stderr
    assert ", ".join(sections()) in told.stderr


def test_a_stack_that_is_missing_or_refused_ends_the_command(tmp_path: Path) -> None:
    assert "Pulumi.nowhere.yaml" in ran("compare", "lab", "nowhere", ends=2).stderr
    project = project_of(tmp_path, patch={"hub": {"release": "No Label"}})
    project_of(tmp_path, "lab")
    told = ran("compare", "lab", "local", "--project", project, ends=1)
    assert "settings.hub.release" in told.stderr
    assert told.stdout == ""
