"""`ops why --user`: one user's server, there or gone, and nothing of others."""

from __future__ import annotations

from dataclasses import replace

from ops.why.cause import Ref
from ops.why.facts import Unseen
from ops.why.judge import judged
from ops.why.person import person
from ops.why.telling import told
from tests.unit.why_facts import READY, also, facts, hub_pod, hub_said, only, recorded

ASKED = "[W 2026-11-21 21:01:42.000 JupyterHub log:192] 404 GET /hub/api/users/ada (smoke@127.0.0.1) 11.90ms"


def timed_out(user: str) -> str:
    words = "server failed to start in 300 seconds, giving up."
    return f"[W 2026-11-21 21:01:42.000 JupyterHub user:998] {user}'s {words}"


def test_the_pod_is_gone_and_its_events_tell_why_the_server_did_not_start() -> None:
    base = recorded("gpu-too-much")
    events = [replace(one, about=Ref("Pod", "jupyter-ada")) for one in base.events]
    seen = replace(hub_said(timed_out("ada"), user="ada"), events=events, now=base.now)
    (root,) = judged(seen)
    assert root.cause.rule == "gpu-lacking"
    assert [one.about for one in root.consequences] == [Ref("Server", "ada")]


def test_a_name_that_no_pod_can_have_is_known_by_the_claim() -> None:
    base = recorded("image-not-found")
    events = [replace(one, about=Ref("Pod", "jupyter-ada-example-org---4f3a2b1c")) for one in base.events]
    claim = {
        "metadata": {
            "name": "claim-ada-example-org---4f3a2b1c",
            "annotations": {"hub.jupyter.org/username": "ada@example.org"},
        },
        "status": {"phase": "Bound"},
    }
    seen = also(hub_said(timed_out("ada@example.org")), persistentvolumeclaims=[claim])
    (root,) = judged(replace(seen, events=events, now=base.now))
    assert root.cause.rule == "image-not-found"
    assert [one.about for one in root.consequences] == [Ref("Server", "ada@example.org")]


def test_of_others_nothing_is_told_to_whoever_asks_about_one() -> None:
    base = recorded("image-not-found")
    pod = base.all("pods")[0]
    bob = {
        **pod,
        "metadata": {
            **pod["metadata"],
            "name": "jupyter-bob",
            "annotations": {"hub.jupyter.org/username": "bob"},
        },
    }
    seen = replace(base, objects={"pods": [bob, hub_pod()]})
    assert judged(replace(seen, user="ada")) == []
    assert [root.cause.rule for root in judged(replace(seen, user="bob"))] == ["image-not-found"]


def test_a_server_that_started_after_all_is_no_finding() -> None:
    later = "2026-11-21T21:02:00Z [I 2026-11-21 21:02:00.000 JupyterHub base:1] Server ada is ready"
    assert judged(hub_said(timed_out("ada"), later)) == []
    assert [
        root.cause.about for root in judged(hub_said(timed_out("ada"), later.replace("ada", "adam")))
    ] == [Ref("Server", "ada")]


def test_pod_claim_profile_and_groups_of_a_user_are_shown() -> None:
    limits = {"cpu": "2", "memory": str(1024**3)}
    pod = {
        "metadata": {"name": "jupyter-ada", "annotations": {"hub.jupyter.org/username": "ada"}},
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "notebook", "resources": {"limits": limits}}],
            "volumes": [{"persistentVolumeClaim": {"claimName": "claim-ada"}}],
        },
        "status": {"phase": "Running", "conditions": READY},
    }
    claim = {
        "metadata": {"name": "claim-ada"},
        "spec": {"storageClassName": "fast"},
        "status": {"phase": "Bound", "capacity": {"storage": "2Gi"}},
    }
    seen = also(hub_said(timed_out("ada"), ASKED, user="ada"), pods=[pod], persistentvolumeclaims=[claim])
    text = "\n".join(person(seen))
    for words in (
        "jupyter-ada: Running on node-1",
        "claim-ada: Bound, 2Gi, class fast",
        "CPU-only",
        "failed to start",
    ):
        assert words in text
    assert "404" not in text
    assert "nobody has a pod or a claim by this name; ada has" in next(person(replace(seen, user="adda")))


def test_rights_that_are_missing_in_the_own_namespace_are_a_finding_and_elsewhere_are_said() -> None:
    refused = 'pods is forbidden: User "deployer" cannot list resource "pods"'
    seen = facts(unseen=[Unseen("pods", refused, forbidden=True), Unseen("nodes", refused, forbidden=True)])
    cause = only(seen)
    assert cause.rule == "rights"
    assert cause.commands[0].startswith("bin/ops rights --stack local | kubectl")
    assert "nodes" not in cause.what
    assert "Not looked at:   nodes" in "\n".join(line.plain for line in told(judged(seen), seen))
