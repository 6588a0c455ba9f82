"""`ops why` and what lies beside the pods: release, state, way in, and a cluster that cannot be asked."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ops.ending import Cannot
from ops.kubectl import NoAnswer
from ops.live import live
from ops.why import stored_state
from ops.why.facts import Json, Lock, Log, State
from ops.why.judge import judged
from ops.why.rules.nodes import nodes
from ops.why.unreachable import cannot
from tests.unit.certificates import pair
from tests.unit.documents import settings_of
from tests.unit.ops_runs import project_of, ran, tool
from tests.unit.why_facts import NOW, also, facts, only, recorded, revision

SHELL = "kubectl --context embedded -n hub"
HELM = "helm --kube-context embedded -n hub"
SPACE = {"namespaces": [{"metadata": {"name": "hub"}}], "releases": []}

# The release --------------------------------------------------------------------------------------


def of_release(*found: object) -> list[str]:
    cause = only(facts(objects=SPACE, revisions=found))
    assert cause.about.kind == "Release"
    return [cause.rule, *cause.commands]


def test_a_broken_off_upgrade_goes_back_to_the_last_good_revision() -> None:
    found = of_release(revision(1, "superseded"), revision(2, "deployed"), revision(3, "pending-upgrade"))
    assert found == [
        "release-pending",
        f"{HELM} rollback jupyterhub 2",
        "pulumi refresh --stack local",
        "pulumi up --stack local",
    ]


def test_a_broken_off_upgrade_to_another_chart_is_forgotten_since_an_older_hub_may_refuse_its_database() -> (
    None
):
    found = of_release(revision(1, "deployed", chart="4.3.0"), revision(2, "pending-upgrade", chart="4.4.0"))
    assert found[1] == f"{SHELL} delete secret sh.helm.release.v1.jupyterhub.v2"


def test_a_broken_off_installation_is_taken_away() -> None:
    found = of_release(revision(1, "pending-install"))
    assert found[1] == f"{HELM} uninstall jupyterhub --wait --cascade foreground"


def test_a_failed_release_is_told_in_helm_s_words_and_one_that_went_well_after_it_is_not() -> None:
    failed = revision(2, "failed", "Upgrade failed: timed out waiting for the condition")
    assert "timed out" in only(facts(objects=SPACE, revisions=[revision(1, "deployed"), failed])).says
    assert judged(facts(objects=SPACE, revisions=[failed, revision(3, "deployed")])) == []


def test_a_namespace_without_a_release_and_a_cluster_without_the_namespace_are_told_apart() -> None:
    assert only(facts(objects=SPACE)).rule == "release-missing"
    assert only(facts(objects={**SPACE, "namespaces": []})).rule == "namespace-missing"


def test_a_part_that_somebody_deleted_is_brought_back_by_the_release_s_own_revision() -> None:
    seen = facts(objects={**SPACE, "deployments": [scaled("hub", 1)]}, revisions=[revision(4, "deployed")])
    cause = only(seen)
    assert (cause.rule, cause.about.name) == ("part-missing", "proxy")
    assert cause.commands[0] == f"{HELM} rollback jupyterhub 4"


def scaled(name: str, replicas: int) -> Json:
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas},
        "status": {"availableReplicas": replicas},
    }


def test_a_hub_that_is_scaled_to_none_is_told_with_the_command_that_scales_it() -> None:
    cause = only(facts(objects={"deployments": [scaled("hub", 0), scaled("proxy", 1)]}))
    assert cause.commands == (f"{SHELL} scale deployment/hub --replicas=1",)


def test_a_hook_that_does_not_end_is_explained_by_its_pod() -> None:
    notes = {"helm.sh/hook": "pre-install"}
    job = {
        "metadata": {"name": "hook-image-awaiter", "annotations": notes},
        "status": {"startTime": "2026-11-21T20:00:00Z"},
    }
    daemons = {"metadata": {"name": "hook-image-puller", "annotations": notes}}
    waiting = {"reason": "ImagePullBackOff", "message": "manifest unknown"}
    pod = {
        "metadata": {
            "name": "hook-1",
            "ownerReferences": [{"kind": "DaemonSet", "name": "hook-image-puller"}],
        },
        "status": {
            "phase": "Pending",
            "initContainerStatuses": [{"name": "a", "state": {"waiting": waiting}}],
        },
    }
    assert only(facts(objects={"jobs": [job]})).rule == "hook-hangs"
    (root,) = judged(facts(objects={"jobs": [job], "daemonsets": [daemons], "pods": [pod]}))
    assert root.cause.rule == "image-not-found"
    assert [one.rule for one in root.consequences] == ["hook-hangs"]


# The state ----------------------------------------------------------------------------------------

DEAD = Lock("ada@laptop", 7, NOW, here=True, alive=False)


def of_state(state: State) -> list[str]:
    cause = only(facts(state=state))
    return [cause.rule, cause.advice, *cause.commands]


def test_a_lock_of_a_run_that_ended_is_taken_away_and_that_of_another_machine_asked_about() -> None:
    rule, advice, *commands = of_state(State(there=True, locks=(DEAD,)))
    assert (rule, commands[0]) == ("state-locked", "pulumi cancel --yes --stack local")
    assert "nobody is at work" in advice
    assert "Ask ada@laptop" in of_state(State(there=True, locks=(replace(DEAD, here=False, alive=True),)))[1]


def test_whoever_is_at_work_is_waited_for_and_explains_a_pending_release() -> None:
    at_work = State(there=True, locks=(replace(DEAD, alive=True),))
    (root,) = judged(facts(objects=SPACE, state=at_work, revisions=[revision(1, "pending-install")]))
    assert root.cause.rule == "at-work"
    assert root.cause.advice.startswith("Wait for it")
    assert [one.rule for one in root.consequences] == ["release-pending"]


def test_a_dead_lock_does_not_hide_the_pending_release_which_wants_its_own_step() -> None:
    roots = judged(
        facts(
            objects=SPACE, state=State(there=True, locks=(DEAD,)), revisions=[revision(1, "pending-install")]
        )
    )
    assert {root.cause.rule for root in roots} == {"state-locked", "release-pending"}


def test_another_backend_a_missing_stack_and_pending_operations_are_told_apart() -> None:
    assert of_state(State("s3://state", "file:///x"))[2] == 'eval "$(bin/ops env local)"'
    assert of_state(State("s3://state", "s3://state/", there=False))[0] == "no-stack"
    pending = State(there=True, pending=("creating kubernetes:helm.sh/v3:Release release",))
    assert of_state(pending)[2] == "pulumi refresh --stack local"
    assert judged(facts(state=State("s3://state", "s3://state/", there=True))) == []


@pytest.mark.parametrize(
    ("used", "asked"),
    [("s3://state/", True), ("file:///x", False), ("https://app.pulumi.com/ada", False)],
)
def test_a_shell_with_another_backend_is_not_asked_about_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: str, asked: bool
) -> None:
    with_pulumi(tmp_path, monkeypatch, f"""[ "$1" = whoami ] && echo '{{"url": "{used}"}}' || echo '{{}}'""")
    of = {"backend": "s3://state", "secretsProvider": "passphrase", "owner": "a team"}
    state, _ = stored_state.stored("local", settings_of("local", {"state": of}))
    assert (state.there is True) == asked
    assert state.used == used


def with_pulumi(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    tool(folder / "bin", "pulumi", f"#!/bin/sh\n{script}\n")
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


def lock_file(folder: Path, stack: str, **more: object) -> None:
    place = folder / ".pulumi" / "locks" / "organization" / "jupyterhub" / stack / "1.json"
    place.parent.mkdir(parents=True)
    told = {
        "pid": os.getpid(),
        "username": "ada",
        "hostname": socket.gethostname(),
        "timestamp": "2026-11-21T21:00:00Z",
    }
    place.write_text(json.dumps({**told, **more}))


def test_locks_and_operations_are_read_from_a_folder_and_those_of_other_stacks_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urn = "urn:pulumi:local::jupyterhub::jupyterhub:components:Hub$kubernetes:helm.sh/v3:Release::release"
    exported = json.dumps(
        {"deployment": {"pending_operations": [{"type": "creating", "resource": {"urn": urn}}]}}
    )
    with_pulumi(
        tmp_path,
        monkeypatch,
        f"""case "$1" in whoami) echo '{{"url": "file://{tmp_path}"}}';; *) echo '{exported}';; esac""",
    )
    lock_file(tmp_path, "local")
    lock_file(tmp_path, "lab", hostname="elsewhere")
    state, unseen = stored_state.stored("local", settings_of("local"))
    assert unseen == []
    assert state.pending == ("creating kubernetes:helm.sh/v3:Release release",)
    (lock,) = state.locks
    assert (lock.who, lock.here, lock.alive) == (f"ada@{socket.gethostname()}", True, True)


def test_a_lock_of_a_process_that_is_gone_is_dead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with_pulumi(
        tmp_path,
        monkeypatch,
        f"""[ "$1" = whoami ] && echo '{{"url": "file://{tmp_path}"}}' || echo '{{}}'""",
    )
    lock_file(tmp_path, "local", pid=2**22 + 1)
    state, _ = stored_state.stored("local", settings_of("local"))
    assert not state.locks[0].alive


AT_S3 = """[ "$1" = whoami ] && echo '{"url": "s3://a"}'"""


@pytest.mark.parametrize(
    ("script", "there", "said"),
    [
        (f"""{AT_S3} || {{ echo "error: no stack named 'x' found" >&2; exit 1; }}""", False, ""),
        (f"{AT_S3} || echo '{{}}'", True, "s3://a/.pulumi/locks"),
        (
            """echo 'error: could not open bucket: password=hunter2' >&2; exit 1""",
            None,
            "could not open bucket",
        ),
    ],
)
def test_what_of_the_state_could_not_be_seen_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, there: bool | None, said: str
) -> None:
    with_pulumi(tmp_path, monkeypatch, script)
    state, unseen = stored_state.stored("local", settings_of("local"))
    assert state.there is there
    assert said in " ".join(one.why for one in unseen)
    assert "hunter2" not in repr(unseen)


# The way in ---------------------------------------------------------------------------------------

HOST = "jupyterhub.localhost"
CLASSES = {"ingressclasses": [{"metadata": {"name": "traefik"}}]}


def tls_secret(certificate: str) -> Json:
    return {
        "metadata": {"name": "jupyterhub-tls"},
        "data": {"tls.crt": base64.b64encode(certificate.encode()).decode()},
    }


def ingress(**more: object) -> Json:
    made = {"name": "jupyterhub", "creationTimestamp": "2026-11-21T20:00:00Z"}
    address = {"loadBalancer": {"ingress": [{"ip": "10.0.0.1"}]}}
    return {"metadata": made, "spec": {"ingressClassName": "traefik"}, "status": address, **more}


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
    wildcard, _ = pair("*.localhost")
    assert judged(facts(objects={"tls": [tls_secret(wildcard)]})) == []


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


# A cluster that cannot be asked -------------------------------------------------------------------

TO_SERVER = "Unable to connect to the server:"
KUBECTL_SAYS = {
    "no context nope": "Error in configuration: context was not found for specified context: nope",
    "certificate has expired": f"{TO_SERVER} tls: failed to verify certificate: x509: certificate has "
    "expired or is not yet valid: current time 2026-11-21",
    "does not trust the certificate": f"{TO_SERVER} tls: failed to verify certificate: x509: "
    "certificate signed by unknown authority",
    "nobody listens": "The connection to the server 127.0.0.1:1 was refused - did you specify the right host",
    "name of the API server": f"{TO_SERVER} dial tcp: lookup api.example.org: no such host",
    "does not take these credentials": "error: You must be logged in to the server (Unauthorized)",
    "there is no kubeconfig": "error: stat /nonexistent: no such file or directory",
    "does not answer": f"{TO_SERVER} net/http: request canceled while waiting (Client.Timeout)",
    "no answer that says why": "error: something new",
}
Answers = Callable[[str], None]


@pytest.fixture
def kubectl_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Let kubectl refuse in some words; of contexts it knows one."""

    def answers(words: str) -> None:
        tool(
            tmp_path / "bin",
            "kubectl",
            f'#!/bin/sh\ncase "$*" in *get-contexts*) echo other;; *) echo "{words}" >&2; exit 1;; esac\n',
        )
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    return answers


@pytest.mark.parametrize("expected", sorted(KUBECTL_SAYS))
def test_why_a_cluster_cannot_be_asked_is_told_apart(
    tmp_path: Path, kubectl_says: Answers, expected: str
) -> None:
    kubectl_says(KUBECTL_SAYS[expected])
    project = project_of(tmp_path, "local", {"cluster": {"context": "nope"}})
    text = " ".join(ran("why", "local", "--project", project, ends=2).stderr.split())
    assert expected in text
    assert "What to do:" in text


def test_contexts_that_are_there_are_named_and_an_empty_kubeconfig_is_told_as_such(
    tmp_path: Path, kubectl_says: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = KUBECTL_SAYS["no context nope"]
    here = live("local", project_of(tmp_path))
    kubectl_says(words)
    assert "It has other:" in str(cannot(NoAnswer("get", words), here))
    tool(tmp_path / "bin", "kubectl", "#!/bin/sh\nexit 0\n")
    assert "no kubeconfig with a context" in str(cannot(NoAnswer("get", words), here))


def test_no_credential_of_kubectl_s_words_is_repeated() -> None:
    refused: Cannot = cannot(NoAnswer("get", "error: token: abcdefghijklmnop"), live("local"))
    assert "abcdefghijklmnop" not in str(refused)


# The command --------------------------------------------------------------------------------------


def cluster(folder: Path, monkeypatch: pytest.MonkeyPatch, **objects: Sequence[Json]) -> None:
    """Put a kubectl on PATH that has objects and writes down what it is asked, and a pulumi that fails."""
    answers = folder / "answers"
    answers.mkdir()
    for kind, found in objects.items():
        (answers / kind).write_text(json.dumps({"items": found}))
    (answers / "namespace").write_text(json.dumps({"metadata": {"name": "jupyterhub"}}))
    script = f"""#!/bin/sh
echo "$*" >> {folder}/asked
while [ "$1" != get ] && [ $# -gt 0 ]; do shift; done
cat "{answers}/${{2%%.*}}" 2>/dev/null || echo '{{}}'
"""
    tool(folder / "bin", "kubectl", script)
    tool(folder / "bin", "pulumi", "#!/bin/sh\necho 'error: not logged in' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


def helm_secret(status: str) -> Json:
    told = {"info": {"status": status, "description": "words"}, "chart": {"metadata": {"version": "4.4.0"}}}
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(told).encode()))).decode()
    return {"metadata": {"name": "s", "labels": {"version": "1"}}, "data": {"release": packed}}


def test_a_stack_that_is_well_ends_with_0_and_says_what_was_looked_at_and_what_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = [scaled("hub", 1), scaled("proxy", 1)]
    certificate = pair(HOST)[0]
    cluster(
        tmp_path,
        monkeypatch,
        secrets=[helm_secret("deployed")],
        deployments=parts,
        ingresses=[ingress()],
        ingressclasses=CLASSES["ingressclasses"],
    )
    (tmp_path / "answers" / "secret").write_text(json.dumps(tls_secret(certificate)))
    text = ran("why", "local", "--project", project_of(tmp_path)).stdout
    assert "nothing is wrong, as far as can be seen" in text
    assert "release jupyterhub (revision 1, deployed)" in text
    assert "the state (error: not logged in)" in text
    told = json.loads(ran("why", "local", "--project", tmp_path, "--json").stdout)
    assert told["causes"] == []
    assert told["notLooked"] == [{"what": "the state", "why": "error: not logged in"}]


def test_a_finding_ends_with_1_and_nothing_but_reading_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster(tmp_path, monkeypatch, secrets=[helm_secret("pending-install")])
    told = json.loads(ran("why", "local", "--project", project_of(tmp_path), "--json", ends=1).stdout)
    assert told["causes"][0]["rule"] == "release-pending"
    assert told["causes"][0]["commands"][0].startswith("helm --kube-context embedded")
    for line in (tmp_path / "asked").read_text().splitlines():
        assert " get " in line or " logs " in line, line
    text = ran("why", "local", "--project", tmp_path, ends=1).stdout
    assert text.index("1. Release jupyterhub") < text.index("What follows:") < text.index("$ helm")
