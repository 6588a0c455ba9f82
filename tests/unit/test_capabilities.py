"""Rows add up, in the settings and in the hub alike, and are compiled whole."""

from __future__ import annotations

import importlib.util
import json
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st
from typer.testing import CliRunner

from chart.values import build
from ops.capabilities import HEAD
from ops.cli import app
from settings import Settings
from settings.capabilities import EVERYONE, Granted, granted
from tests.unit.documents import PROJECT, STACKS, Document, committed, settings_of

_SPEC = importlib.util.spec_from_file_location(
    "hub_capabilities", PROJECT / "files" / "hub" / "capabilities.py"
)
assert _SPEC
assert _SPEC.loader
HUBS = importlib.util.module_from_spec(_SPEC)
# Its dataclass looks for its module there.
sys.modules[_SPEC.name] = HUBS
_SPEC.loader.exec_module(HUBS)

IDS = committed("aiv-prod")["auth"]["groups"]
ROW: st.SearchStrategy[Document] = st.fixed_dictionaries(
    {
        "profiles": st.lists(
            st.sampled_from(["cpu-only", "gpu-standard", "gpu-large"]), max_size=2, unique=True
        ),
        "services": st.sampled_from([[], ["all"], ["gitlab"], ["cephS3", "artifactory"]]),
        "sharedFolder": st.sampled_from(["none", "read", "write"]),
        "servers": st.integers(1, 4),
    },
    optional={"home": st.sampled_from(["51Gi", "60G", "1Ti"])},
)


def told(whole: Settings, groups: list[str]) -> Granted:
    return granted(whole.capabilities, groups, whole.profiles, whole.services, whole.storage.homes.size)


def in_the_hub(whole: Settings, groups: list[str], name: str = "ada") -> Any:  # noqa: ANN401 -- of the hub
    custom = build(whole)["custom"]
    rows = HUBS.Rows(custom["capabilities"], custom["machineUsers"])
    known = dict(getattr(whole.auth, "groups", {}))
    mine = [SimpleNamespace(name=known[group]) for group in groups if group in known]
    return rows.of(SimpleNamespace(name=name, groups=mine))


@given(ROW, ROW, ROW, st.lists(st.sampled_from(["users", "gpu", "admins"]), unique=True))
@effort(max_examples=60)
def test_the_hub_adds_up_as_the_settings_do(
    everyone: Document, users: Document, gpu: Document, groups: list[str]
) -> None:
    rows = {"everyone": everyone, "users": {**users, "signIn": True}, "gpu": gpu}
    whole = Settings.model_validate({**committed("aiv-prod"), "capabilities": rows})
    expected, found = told(whole, groups), in_the_hub(whole, groups)
    assert found.profiles == expected.profiles
    assert found.services == expected.services
    assert (found.folder, found.servers) == (expected.shared_folder, expected.servers)
    assert (found.home or whole.storage.homes.size) == expected.home


def test_groups_that_nobody_defined_give_what_everyone_has() -> None:
    whole = settings_of("aiv-prod")
    rows = HUBS.Rows(build(whole)["custom"]["capabilities"])
    assert rows.together(["unknown", "gpu", IDS["gpu"].upper()]) == rows.together([])
    assert rows.together([IDS["gpu"]]) != rows.together([])


def test_a_machine_may_use_everything_that_there_is() -> None:
    whole = settings_of("aiv-prod", {"capabilities": {"everyone": {"profiles": [], "sharedFolder": "none"}}})
    may = in_the_hub(whole, [], "ops.smoke")
    assert may.profiles == ("cpu-only", "gpu-standard", "gpu-large")
    assert (may.services, may.folder) == (("gitlab", "artifactory", "cephS3"), "write")


def test_groups_of_a_shared_password_are_known_by_its_users() -> None:
    rows = {"everyone": {"profiles": ["all"]}, "two": {"servers": 2}}
    whole = settings_of("iav-test", {"auth": {"groups": {"two": ["tester-1"]}}, "capabilities": rows})
    assert in_the_hub(whole, [], "tester-1").servers == 2
    assert in_the_hub(whole, [], "tester-2").servers == 1


@pytest.mark.parametrize("stack", STACKS)
def test_no_pod_has_by_default_what_has_to_be_granted(stack: str) -> None:
    whole = settings_of(stack)
    values = build(whole)
    user = str({**values["singleuser"], "networkPolicy": None})
    shared = whole.storage.shared
    assert shared is None or f"'{shared.mount_path}'" not in user
    for service in whole.services.catalogue:
        assert service.credentials is None or service.credentials not in user
    assert "envFrom" not in str(values["hub"]["config"])


def test_named_servers_are_there_where_a_row_has_several() -> None:
    assert build(settings_of("aiv-prod"))["hub"]["allowNamedServers"] is True
    assert "allowNamedServers" not in build(settings_of("lab"))["hub"]


def ran(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["capabilities", *words])
    return result.exit_code, result.output


def test_the_command_tells_each_group_alone_and_beside_the_others() -> None:
    lines = json.loads(ran("aiv-prod", "--json")[1])
    assert [line["groups"] for line in lines] == [
        ["users"],
        ["users", "gpu"],
        ["users", "admins"],
        ["admins"],
        ["admins", "gpu"],
    ]
    assert lines[1]["home"] == "100Gi"
    (own,) = json.loads(ran("aiv-prod", "--json", "--of", "users,gpu")[1])
    assert own == lines[1]


def test_the_page_has_what_the_command_says() -> None:
    assert ran("aiv-prod", "--format", "markdown")[1] in (PROJECT / "docs" / "capabilities.md").read_text()


def test_every_form_has_every_column() -> None:
    for form in ("table", "markdown", "csv"):
        code, output = ran("local", "--format", form)
        assert code == 0
        assert all(head in output for head in (*HEAD, EVERYONE))


def test_a_group_that_is_none_cannot_be_told_of() -> None:
    code, output = ran("aiv-prod", "--of", "users,nobody")
    assert code == 2
    assert "nobody is no group" in output
