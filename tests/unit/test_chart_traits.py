"""What the hub would ignore, refuse or take amiss is found before anything is registered."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chart import traits
from chart.catalogue import Catalogue, NoCatalogue, load, versions
from chart.values import build
from deployment import checked_values
from settings.document import read
from settings.finding import Finding
from settings.hub import Hub
from tests.unit.documents import EVERYTHING, PROJECT, TODAY, patched, settings, stack_file
from tests.unit.hub_configs import SNIPPETS, SOUND, USERS
from tests.unit.hub_faults import FAULTS, Fault
from tests.unit.packed import pack

STACKS = sorted(place.name.split(".")[1] for place in PROJECT.glob("Pulumi.*.yaml"))
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (PROJECT / "images/hub/requirements.txt").read_text(), re.M))


@pytest.fixture
def hub() -> Catalogue:
    return load("5.5.4")


def found(config: dict[str, Any], catalogue: Catalogue) -> list[Finding]:
    return traits.findings({"hub": {"config": config}}, catalogue)


def profiles(*listed: object) -> dict[str, Any]:
    return {"hub": {"config": SOUND["shared"]}, "singleuser": {"profileList": list(listed)}}


def test_the_catalogue_is_of_the_versions_that_the_hub_image_pins(hub: Catalogue) -> None:
    assert dict(hub.packages) == {name: PINS[name] for name in hub.packages}
    assert hub.version == PINS["jupyterhub"] == Hub().version
    assert {"jupyterhub", "oauthenticator", "jupyterhub-kubespawner"} <= hub.packages.keys()


@pytest.mark.parametrize("version", versions())
def test_every_catalogue_is_read_under_its_own_name(version: str) -> None:
    assert load(version).version == version


@pytest.mark.parametrize("stack", STACKS)
def test_the_hub_takes_the_values_of_every_stack(stack: str) -> None:
    chosen = read(stack_file(stack)["config"]["jupyterhub:settings"], TODAY)
    assert traits.findings_with(chosen.hub.version, build(chosen)) == []


def test_the_hub_takes_the_values_of_everything_else(hub: Catalogue) -> None:
    assert traits.findings(build(settings(EVERYTHING)), hub) == []


@pytest.mark.parametrize("name", SOUND)
def test_sound_configurations_have_no_findings(name: str, hub: Catalogue) -> None:
    assert found(SOUND[name], hub) == []


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_one_fault_is_one_kind_of_finding_at_its_place(fault: Fault, hub: Catalogue) -> None:
    told = found(fault.configuration(), hub)
    matching = [
        finding
        for finding in told
        if (finding.rule, finding.path) == (fault.rule, f"values.hub.config.{fault.path}")
    ]
    assert len(matching) == 1, told
    assert fault.says in str(matching[0])
    assert matching[0].severity == fault.severity
    # The old name of a claim is itself a finding beside.
    assert {finding.rule for finding in told} - {"T5"} <= {fault.rule}


@pytest.mark.parametrize(("config", "rules"), SNIPPETS.values(), ids=SNIPPETS.keys())
def test_the_snippets_of_the_requirement_documents_are_refused(
    config: dict[str, Any], rules: set[str], hub: Catalogue
) -> None:
    told = found(config, hub)
    assert {finding.rule for finding in told} == rules
    assert any(finding.severity == "error" for finding in told)


def test_groups_that_an_old_oauthenticator_does_not_know_are_refused(hub: Catalogue) -> None:
    """D1: oauthenticator 15 has them in one class only, and lets everyone in for want of a rule it knows."""
    oauth, generic = hub.classes["OAuthenticator"], hub.classes["GenericOAuthenticator"]
    groups = {name: oauth.traits[name] for name in ("allowed_groups", "admin_groups")}
    rest = {name: trait for name, trait in oauth.traits.items() if name not in groups}
    classes = {
        **hub.classes,
        "OAuthenticator": replace(oauth, traits=rest),
        "GenericOAuthenticator": replace(generic, traits={**generic.traits, **groups}),
    }
    told = [
        finding for finding in found(SOUND["entra"], replace(hub, classes=classes)) if finding.rule == "T2"
    ]
    assert [finding.path.rsplit(".", 1)[1] for finding in told] == ["admin_groups", "allowed_groups"]
    assert all("GenericOAuthenticator" in finding.remedy for finding in told)


def test_a_version_that_nobody_knows_is_a_finding_and_nothing_else() -> None:
    (told,) = traits.findings_with("3.0.0", {})
    assert (told.rule, told.path, told.severity) == ("T0", "settings.hub.version", "error")
    assert "5.5.4" in told.what
    assert "make catalogue" in told.remedy
    with pytest.raises(NoCatalogue):
        load("../5.5.4")


@pytest.mark.parametrize(
    ("override", "rule", "says"),
    [
        ({"cpu_limt": 1}, "T8", "Did you mean cpu_limit?"),
        ({"node_selectr": {"a": "b"}}, "T8", "fails each start"),
        ({"user": "eve"}, "T8", "has no setting user"),
        ({"mem_limit": "2Gi"}, "T8", "a number with K, M, G or T"),
        ({"cpu_limit": "2"}, "T8", "it is a string, and takes a number"),
        ({"storage_access_modes": {"a": 1}}, "T8", "takes a list"),
        ({"image": None}, "T8", "it is null"),
        ({"environment": {"A": "b"}, "image_spec": "x:1"}, "T5", "Use image instead."),
        ([], "T8", "a mapping of settings"),
    ],
)
def test_a_profile_overrides_only_what_the_spawner_has(
    override: object, rule: str, says: str, hub: Catalogue
) -> None:
    profile = {"display_name": "A", "kubespawner_override": override}
    chosen = {"choices": {"b": {"kubespawner_override": override}}}
    unlisted = {"unlisted_choice": {"enabled": True, "kubespawner_override": override}}
    deep = {"display_name": "B", "profile_options": {"one": chosen, "other": unlisted}}
    told = traits.findings(profiles(profile, deep), hub)
    below = "values.singleuser.profileList"
    assert [finding.path.partition(".kubespawner_override")[0] for finding in told] == [
        f"{below}[0]",
        f"{below}[1].profile_options.one.choices.b",
        f"{below}[1].profile_options.other.unlisted_choice",
    ]
    assert all(finding.rule == rule and says in str(finding) for finding in told)


def test_an_override_may_take_a_key_away_and_fill_in_what_the_user_wrote(hub: Catalogue) -> None:
    option = {"unlisted_choice": {"enabled": True, "kubespawner_override": {"mem_limit": "{value}G"}}}
    override = {"node_selector": {"gpu": None}, "extra_resource_limits": {"nvidia.com/gpu": "1"}}
    profile = {"kubespawner_override": override, "profile_options": {"memory": option}}
    assert traits.findings(profiles(profile), hub) == []


def test_profiles_of_the_spawner_s_own_setting_are_checked_too(hub: Catalogue) -> None:
    listed = [{"kubespawner_override": {"cpu_limt": 1}}]
    (told,) = found({**SOUND["shared"], "KubeSpawner": {"profile_list": listed}}, hub)
    assert told.path == "values.hub.config.KubeSpawner.profile_list[0].kubespawner_override.cpu_limt"


@pytest.mark.parametrize(
    ("profile", "path", "meant"),
    [
        ({"kubespawner_overrides": {}}, "kubespawner_overrides", "kubespawner_override"),
        ({"display-name": "A"}, "display-name", "display_name"),
        ({"profile_options": {"a": {"choice": {}}}}, "profile_options.a.choice", "choices"),
    ],
)
def test_a_misspelt_key_of_a_profile_is_found(
    profile: dict[str, Any], path: str, meant: str, hub: Catalogue
) -> None:
    (told,) = traits.findings(profiles(profile), hub)
    assert (told.rule, told.path) == ("T9", f"values.singleuser.profileList[0].{path}")
    assert told.remedy == f"Write {meant}."


def test_a_key_for_one_s_own_form_is_left_alone(hub: Catalogue) -> None:
    assert traits.findings(profiles({"display_name": "A", "groups": ["science"]}), hub) == []


def test_every_rule_has_a_sentence_and_an_input_that_it_refuses() -> None:
    elsewhere = {"T0", "T8", "T9"}
    assert {fault.rule for fault in FAULTS.values()} | elsewhere == traits.RULES.keys()
    assert all(sentence.endswith(".") for sentence in traits.RULES.values())


def test_a_setting_of_a_base_s_section_is_the_chosen_class_s(hub: Catalogue) -> None:
    """Traitlets reads the sections of all bases, for whatever the class itself has."""
    assert found(patched(SOUND["github"], {"Authenticator": {"allowed_organizations": ["a"]}}), hub) == []


def test_a_section_nearer_to_the_class_wins(hub: Catalogue) -> None:
    both = patched(SOUND["entra"], {"AzureAdOAuthenticator": {"manage_groups": False}})
    assert {finding.rule for finding in found(both, hub)} == {"T10", "T12"}
    assert found(patched(both, {"Authenticator": {"allow_existing_users": True}}), hub)[0].rule == "T12"


def test_a_class_may_be_named_by_its_path(hub: Catalogue) -> None:
    by_path = {"JupyterHub": {"authenticator_class": "oauthenticator.azuread.AzureAdOAuthenticator"}}
    assert found(patched(SOUND["entra"], by_path), hub) == []


def test_names_of_openshift_are_unique(hub: Catalogue) -> None:
    config = {
        "JupyterHub": {"authenticator_class": "openshift"},
        "OpenShiftOAuthenticator": {"allowed_users": ["ada"], "openshift_auth_api_url": "https://x.example"},
    }
    assert found(config, hub) == []


def test_a_deprecated_setting_at_its_default_changes_nothing_and_is_not_told(hub: Catalogue) -> None:
    assert found(patched(SOUND["shared"], {"JupyterHub": {"admin_access": False}}), hub) == []


@pytest.mark.parametrize("section", ["AzureAdOAuthenticator", "Nothing", "KubeSpawner"])
@pytest.mark.parametrize("name", ["client_id", "client_secret", "image", "whatever"])
def test_no_finding_repeats_a_value(section: str, name: str, hub: Catalogue) -> None:
    secret = "correct horse battery"
    for value in (secret, [secret], {"a": secret}):
        told = found(patched(SOUND["entra"], {section: {name: value}}), hub)
        assert secret not in "".join(map(str, told))


def test_an_unknown_hub_stops_the_program_before_it_registers_anything(tmp_path: Path) -> None:
    pack(tmp_path / ".charts" / "jupyterhub-4.4.0.tgz")
    with pytest.raises(pulumi.RunError, match=r"settings\.hub\.version \[T0\]"):
        checked_values(settings({"hub": {"version": "9.9.9"}}), tmp_path)


ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "x", USERS]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)
NAMES = ["allow_all", "allowed_groups", "scope", "idps", "username_claim", "profile_list", "mem_limit", "x"]
SECTIONS = ["Authenticator", "OAuthenticator", "CILogonOAuthenticator", "KubeSpawner", "JupyterHub", "X"]
CONFIGS = st.dictionaries(
    st.sampled_from(SECTIONS),
    ANY | st.dictionaries(st.sampled_from([*NAMES, "authenticator_class"]), ANY, max_size=3),
    max_size=3,
)


@given(CONFIGS, st.sampled_from(sorted(load("5.5.4").names["authenticator_class"])), ANY)
def test_whatever_the_values_hold_it_ends_in_findings(
    config: dict[str, Any], authenticator: str, listed: object
) -> None:
    chosen = {"JupyterHub": {"authenticator_class": authenticator}, **config}
    values = {"hub": {"config": chosen}, "singleuser": {"profileList": [listed]}}
    assert all(isinstance(one, Finding) for one in traits.findings(values, load("5.5.4")))
