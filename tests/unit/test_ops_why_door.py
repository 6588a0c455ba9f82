"""`ops why` and what lies beside the pods: the way in, Secrets of a store, the tunnel, nodes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ops.why.facts import Facts, Json, Log
from ops.why.judge import judged
from ops.why.rules.nodes import nodes
from tests.unit.certificates import pair
from tests.unit.documents import settings
from tests.unit.why_facts import (
    CLASSES,
    HOST,
    NOW,
    also,
    facts,
    ingress,
    only,
    recorded,
    revision,
    tls_secret,
)


def test_a_certificate_that_is_not_there_over_early_for_another_host_or_none_at_all_is_told() -> None:
    good, _ = pair(HOST)
    other, _ = pair("other.example.org")
    seen = facts(objects={"tls": [tls_secret(good)]})
    assert judged(seen) == []
    assert only(replace(seen, now=NOW + timedelta(days=400))).rule == "certificate-expired"
    assert only(replace(seen, now=NOW - timedelta(days=400))).rule == "certificate-early"
    assert only(facts(objects={"tls": [tls_secret(other)]})).rule == "certificate-host"
    assert only(facts(objects={"tls": [tls_secret("no PEM")]})).rule == "certificate-unreadable"
    assert only(facts(objects={"tls": []})).rule == "certificate-missing"
    assert only(facts(objects={"tls": [], "releases": []})).rule == "release-missing"
    wildcard, _ = pair("*.localhost")
    assert judged(facts(objects={"tls": [tls_secret(wildcard)]})) == []


def test_a_certificate_that_covers_the_hub_and_no_server_is_told() -> None:
    def seen(*names: str) -> Facts:
        shown = facts(objects={"tls": [tls_secret(pair(*names)[0])]})
        return replace(shown, settings=settings({"ingress": {"userSubdomains": True}}))

    assert judged(seen(HOST, f"*.{HOST}")) == []
    assert only(seen(HOST)).what == f"the certificate is not for *.{HOST}."
    assert only(seen("*.localhost")).what == f"the certificate is not for *.{HOST}."
    assert only(seen("other.example.org")).what == f"the certificate is not for {HOST} and *.{HOST}."


def test_a_certificate_that_is_not_issued_explains_the_secret_that_is_missing() -> None:
    state = {"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "Issuing certificate"}
    issued = {
        "metadata": {"name": "jupyterhub-tls"},
        "spec": {"secretName": "jupyterhub-tls"},
        "status": {"conditions": [state]},
    }
    (root,) = judged(facts(objects={"tls": [], "certificates": [issued]}))
    assert (root.cause.rule, root.cause.says) == (
        "certificate-not-issued",
        "DoesNotExist: Issuing certificate",
    )
    assert [one.rule for one in root.consequences] == ["certificate-missing"]


def test_an_ingress_needs_a_class_that_is_there_and_a_controller_that_takes_it() -> None:
    assert judged(facts(objects={**CLASSES, "ingresses": [ingress()]})) == []
    unknown = ingress(spec={"ingressClassName": "nginx"})
    assert only(facts(objects={**CLASSES, "ingresses": [unknown]})).rule == "ingress-class-missing"
    assert only(facts(objects={**CLASSES, "ingresses": [ingress(status={})]})).rule == "ingress-no-address"
    gone = facts(objects={**CLASSES, "ingresses": []}, revisions=[revision(1, "deployed")])
    assert only(gone).rule == "ingress-missing"


def test_a_secret_that_the_store_does_not_bring_explains_the_pod_that_waits_for_it() -> None:
    state = {"type": "Ready", "status": "False", "reason": "SecretSyncedError", "message": "no such key"}
    brought = {"metadata": {"name": "oauth-client"}, "status": {"conditions": [state]}}
    (root,) = judged(also(recorded("secret-missing"), externalsecrets=[brought]))
    assert (root.cause.rule, root.cause.says) == ("secret-not-synced", "SecretSyncedError: no such key")
    assert [one.rule for one in root.consequences] == ["object-missing"]


def test_a_connector_without_its_line_says_why() -> None:
    pod = {
        "metadata": {"name": "cloudflared-1", "labels": {"app": "cloudflared"}},
        "status": {"phase": "Running"},
    }
    said = 'ERR Failed to dial a quic connection error="timeout: no recent network activity"'
    seen = facts(objects={"pods": [pod]}, logs=[Log("cloudflared-1", "cloudflared", f"INF starting\n{said}")])
    (root,) = judged(seen)
    assert root.cause.rule == "tunnel-way"
    assert root.cause.commands[0] == "bin/ops firewall local"


def test_a_node_under_pressure_is_told_and_one_that_is_well_is_not() -> None:
    def node(**states: str) -> Json:
        return {
            "metadata": {"name": "a"},
            "status": {"conditions": [{"type": t, "status": s} for t, s in states.items()]},
        }

    assert list(nodes(facts(objects={"nodes": [node(Ready="True", DiskPressure="False")]}))) == []
    (cause,) = nodes(facts(objects={"nodes": [node(Ready="True", DiskPressure="True")]}))
    assert "lacks disk" in cause.what
