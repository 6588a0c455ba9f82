"""What the engine would be asked to make: parents, protection, order, identities, policies."""

from __future__ import annotations

from tests.unit.deployed import (
    CLAIM,
    RELEASE,
    deployed,
    full,
    local,
    objects,
)


def test_every_object_has_a_component_for_parent_and_the_one_provider() -> None:
    recorder, _ = full()
    for asked in objects(recorder):
        assert recorder.requests[asked.parent].type.startswith("jupyterhub:components:"), asked.urn
        if asked.type.startswith("kubernetes:"):
            assert "pulumi:providers:kubernetes::cluster::" in asked.provider, asked.urn


def test_the_provider_reaches_the_cluster_of_the_settings_only() -> None:
    asked = local()[0].one("pulumi:providers:kubernetes").plain()
    assert asked["context"] == "embedded"
    assert asked["clusterIdentifier"] == "local"
    assert asked["enableSecretMutable"] == asked["enableConfigMapMutable"] == "true"


def test_what_holds_data_is_protected_and_retained_by_the_setting() -> None:
    holding = {"kubernetes:core/v1:Namespace", CLAIM}
    kept = {
        *holding,
        RELEASE,
        "random:index/randomPassword:RandomPassword",
    }
    for asked in objects(full()[0]):
        assert asked.protect == (asked.type in kept), asked.urn
        assert asked.retain == (asked.type in holding), asked.urn
    assert not [asked.urn for asked in objects(local()[0]) if asked.protect or asked.retain]


def test_protection_is_on_unless_it_is_switched_off() -> None:
    recorder, _ = deployed({"protection": None})
    claims = recorder.of(CLAIM)
    assert len(claims) == 2
    assert all(claim.protect and claim.retain for claim in claims)


def test_the_release_waits_for_everything_else() -> None:
    recorder, _ = full()
    release = recorder.one(RELEASE)
    before = {asked.urn for asked in objects(recorder)} - {release.urn}
    assert before <= release.dependencies


def test_the_release_is_pinned_and_never_rolled_back_by_itself() -> None:
    asked = local()[0].one(RELEASE).plain()
    expected = {
        "name": "jupyterhub",
        "namespace": "jupyterhub",
        "chart": ".charts/jupyterhub-4.4.0.tgz",
        "version": "4.4.0",
        "timeout": 900,
        "maxHistory": 5,
        "atomic": False,
        "cleanupOnFail": True,
        "createNamespace": False,
        "skipAwait": False,
    }
    assert {name: asked[name] for name in expected} == expected


def test_nothing_is_awaited_where_no_pod_can_run() -> None:
    assert full()[0].one(RELEASE).plain()["skipAwait"] is True


def test_the_namespace_enforces_pod_security() -> None:
    labels = local()[0].one("kubernetes:core/v1:Namespace").plain()["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_a_namespace_of_someone_else_is_not_made() -> None:
    recorder, outputs = deployed({"namespace": {"create": False, "name": "theirs"}})
    assert recorder.of("kubernetes:core/v1:Namespace") == []
    assert recorder.one(RELEASE).plain()["namespace"] == outputs["namespace"] == "theirs"


def test_everything_is_denied_before_something_is_allowed() -> None:
    spec = local()[0].one("kubernetes:networking.k8s.io/v1:NetworkPolicy").plain()["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_the_hub_has_a_token_and_least_rights() -> None:
    recorder, _ = local()
    accounts = {
        asked.plain()["metadata"]["name"]: asked.plain()["automountServiceAccountToken"]
        for asked in recorder.of("kubernetes:core/v1:ServiceAccount")
    }
    assert accounts == {"hub": True, "notebook": False}
    rules = recorder.one("kubernetes:rbac.authorization.k8s.io/v1:Role").plain()["rules"]
    rights = {resource: set(rule["verbs"]) for rule in rules for resource in rule["resources"]}
    assert set(rights) == {"pods", "persistentvolumeclaims", "events"}
    assert "delete" not in rights["persistentvolumeclaims"]
    assert not {"*", "update", "patch"} & set().union(*rights.values())
    binding = recorder.one("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding").plain()
    assert [subject["name"] for subject in binding["subjects"]] == ["hub"]


def test_quota_comes_with_defaults_for_those_who_ask_for_nothing() -> None:
    recorder, _ = full()
    assert recorder.one("kubernetes:core/v1:ResourceQuota").plain()["spec"]["hard"]["requests.cpu"] == "16"
    (limits,) = recorder.one("kubernetes:core/v1:LimitRange").plain()["spec"]["limits"]
    assert limits["default"] == {"cpu": "1", "memory": "1Gi"}
    assert limits["defaultRequest"] == {"cpu": "100m", "memory": "128Mi"}
    assert local()[0].of("kubernetes:core/v1:ResourceQuota") == []


def test_claims_are_not_awaited_since_their_pods_come_later() -> None:
    claims = {asked.plain()["metadata"]["name"]: asked.plain() for asked in local()[0].of(CLAIM)}
    assert set(claims) == {"hub-database", "shared"}
    for claim in claims.values():
        assert claim["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"
        assert claim["spec"]["accessModes"] == ["ReadWriteOnce"]


def test_destroying_does_not_wait_for_the_servers_that_users_left_running() -> None:
    recorder, _ = local()
    namespace = recorder.one("kubernetes:core/v1:Namespace").urn
    assert {claim.deleted_with for claim in recorder.of(CLAIM)} == {namespace}
    theirs, _ = deployed({"namespace": {"create": False}})
    assert {claim.deleted_with for claim in theirs.of(CLAIM)} == {""}
