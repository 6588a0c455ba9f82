"""What the operators' commands must be allowed: what each asks of the cluster, and nothing of another."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from ops import errand_rights, rights
from ops.cli import app
from ops.errand_rights import Errand
from ops.registered import registered
from ops.smoke.cleaning import CLAIMS
from ops.why import collect
from tests.unit.documents import PROJECT, STACKS, settings_of

ERRANDS = (Errand.SMOKE, Errand.WHY, Errand.BREAK_GLASS)
Allowed = dict[tuple[str, str], set[str]]


def ran(*words: str) -> str:
    result = CliRunner().invoke(app, ["rights", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def printed(stack: str, errand: Errand) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(ran("--stack", stack, "--for", errand)))


def allowed(objects: list[dict[str, Any]], *, named: bool = True) -> Allowed:
    """Give the verbs by resource; without names, those that hold for every object."""
    found: Allowed = {}
    for one in objects:
        for rule in (one or {}).get("rules", ()):
            if named or "resourceNames" not in rule:
                for group in rule["apiGroups"]:
                    for resource in rule["resources"]:
                        found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


@pytest.mark.parametrize("errand", ERRANDS)
@pytest.mark.parametrize("stack", STACKS)
def test_an_errand_has_an_account_a_role_and_their_binding(stack: str, errand: Errand) -> None:
    account, role, binding = (one for one in printed(stack, errand) if one)
    home = settings_of(stack).namespace.name
    assert [one["kind"] for one in (account, role, binding)] == ["ServiceAccount", "Role", "RoleBinding"]
    assert {one["metadata"]["namespace"] for one in (account, role, binding)} == {home}
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == f"jupyterhub-{errand}"
    assert [one["name"] for one in binding["subjects"]] == [account["metadata"]["name"]]


@pytest.mark.parametrize("errand", ERRANDS)
@pytest.mark.parametrize("stack", STACKS)
def test_no_errand_deploys_takes_rights_or_makes_pods(stack: str, errand: Errand) -> None:
    found = allowed(printed(stack, errand))
    for (_, resource), verbs in found.items():
        assert not verbs & {"*", "bind", "escalate", "impersonate", "deletecollection"}
        assert resource not in {"*", "roles", "rolebindings", "serviceaccounts/token", "clusterroles"}
        if verbs - {"get", "list", "watch"}:
            assert resource in {"configmaps", "persistentvolumeclaims", "pods/exec"}
    entering = ("", "pods/exec") in found
    assert entering == (errand is Errand.BREAK_GLASS)
    assert not (entering and ("", "secrets") in found), "whoever enters the hub's pod needs no Secrets beside"


def test_smoke_removes_its_own_claim_and_lock_alone() -> None:
    objects = printed("lab", Errand.SMOKE)
    assert "delete" not in allowed(objects, named=False).get(("", "persistentvolumeclaims"), set())
    assert allowed(objects, named=False)["", "configmaps"] == {"create"}
    names = {
        name
        for one in objects
        for rule in (one or {}).get("rules", ())
        for name in rule.get("resourceNames", ())
    }
    assert names == {"ops-smoke", *CLAIMS}


@pytest.mark.parametrize("stack", STACKS)
def test_why_sees_what_it_looks_at(stack: str) -> None:
    settings = settings_of(stack)
    looked_at = {*collect._EVERYWHERE, *collect._further(settings), "events", "secrets", "pods/log"}
    inside = {resource for _, resource in allowed(errand_rights.objects(Errand.WHY, settings))}
    further = {resource for _, resource in allowed(errand_rights.helping(Errand.WHY, settings))}
    assert inside | further == looked_at | {"namespaces"}
    assert further <= {"ingressclasses", "namespaces", "nodes", "storageclasses"}
    assert not inside & further


# As the page says it.
LACKING = {
    Errand.SMOKE: {"configmaps": {"update"}, "daemonsets": {"get", "list"}, "statefulsets": {"get", "list"}},
    Errand.WHY: {
        "daemonsets": {"get", "list"},
        "jobs": {"get", "list"},
        "pods/log": {"get"},
        "statefulsets": {"get", "list"},
    },
    Errand.BREAK_GLASS: {"pods/exec": {"create"}},
}


@pytest.mark.parametrize("errand", ERRANDS)
@pytest.mark.parametrize("stack", STACKS)
def test_who_deploys_lacks_something_for_each(stack: str, errand: Errand) -> None:
    settings = settings_of(stack)
    whole = rights.rights(settings, registered(settings)).inside[settings.namespace.name]
    lacking = {
        resource: verbs - whole.get((group, resource), set())
        for (group, resource), verbs in allowed(errand_rights.objects(errand, settings)).items()
    }
    assert {resource: verbs for resource, verbs in lacking.items() if verbs} == LACKING[errand]


def test_what_belongs_to_the_cluster_is_commented_out_and_in_the_other_form() -> None:
    text = ran("--stack", "lab", "--for", "smoke")
    assert "# kind: ClusterRole\n" in text
    assert "\nkind: ClusterRole" not in text
    told = json.loads(ran("--stack", "lab", "--for", "smoke", "--json"))
    assert [one["kind"] for one in told["clusterWide"]] == ["ClusterRole", "ClusterRoleBinding"]
    assert told["clusterWide"][1]["subjects"][0]["name"] == "jupyterhub-smoke"
    assert "clusterWide" in json.loads(ran("--stack", "lab", "--for", "break-glass", "--json"))


def test_to_deploy_is_what_is_printed_without_a_word() -> None:
    assert ran("--stack", "lab", "--for", "deploy") == ran("--stack", "lab")


def test_the_page_names_every_errand() -> None:
    page = (PROJECT / "docs" / "rights.md").read_text()
    for errand in ERRANDS:
        assert f"--for {errand}" in page
