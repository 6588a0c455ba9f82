"""Who may do what: no service administers, administrators stay out of servers, an emergency is on record."""

from __future__ import annotations

import pytest

from chart.values import build
from settings.break_glass import ROLE, USER
from tests.unit.documents import STACKS, settings_of

# What a service may hold for all users; everything else only for an account of its own.
READING = ("read:", "list:")


@pytest.mark.parametrize("stack", STACKS)
def test_services_have_scopes_and_none_administers(stack: str) -> None:
    hub = build(settings_of(stack))["hub"]
    for name, service in hub.get("services", {}).items():
        assert not service.get("admin"), name
    for name, role in hub["loadRoles"].items():
        for scope in role["scopes"] if role.get("services") else ():
            assert scope.startswith(READING) or "!user=" in scope, (name, scope)


@pytest.mark.parametrize("stack", STACKS)
def test_the_role_of_an_emergency_is_nobodys(stack: str) -> None:
    values = build(settings_of(stack))
    assert values["hub"]["loadRoles"][ROLE].keys() == {"scopes"}
    assert USER in values["hub"]["config"]["Authenticator"]["blocked_users"]
    assert USER in values["custom"]["machineUsers"]


@pytest.mark.parametrize("stack", STACKS)
def test_administrators_are_kept_out_of_servers(stack: str) -> None:
    hub = build(settings_of(stack))["hub"]
    assert "narrow()" in hub["extraConfig"]["administrators"]
    assert hub["config"]["JupyterHub"]["admin_access"] is False


def test_the_settings_may_let_them_in() -> None:
    hub = build(settings_of("aiv-prod", {"auth": {"adminAccess": True}}))["hub"]
    assert "administrators" not in hub["extraConfig"]
    assert hub["config"]["JupyterHub"]["admin_access"] is True


def test_without_a_record_there_is_no_emergency() -> None:
    hub = build(settings_of("aiv-prod", {"monitoring": {"audit": False}}))["hub"]
    assert "break_glass.py" not in hub["extraFiles"]
    assert ROLE not in hub.get("loadRoles", {})
