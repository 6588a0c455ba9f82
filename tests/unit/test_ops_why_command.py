"""`ops why` as a command: how it ends, what it asks, and a cluster that cannot be asked."""

from __future__ import annotations

import base64
import gzip
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from ops.ending import Cannot
from ops.kubectl import NoAnswer
from ops.live import live
from ops.why.facts import Json
from ops.why.unreachable import cannot
from tests.unit.certificates import pair
from tests.unit.ops_runs import project_of, ran, tool
from tests.unit.why_facts import (
    CLASSES,
    HOST,
    ingress,
    scaled,
    tls_secret,
)

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
