"""`ops smoke` as a whole: which checks run, what builds on what, how it ends, and what it never shows."""

from __future__ import annotations

import base64
import gzip
import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ops.ending import Cannot
from ops.kubectl import Json, NoAnswer
from ops.smoke import checks
from ops.smoke.checks import NAMES, chosen, run, with_server
from ops.smoke.cluster_checks import pods, release
from ops.smoke.interrupting import interruptible, undisturbed
from ops.smoke.outcome import Failed, Outcome, Seen, Skipped, Status
from ops.smoke.report import Report
from ops.smoke.visit import Visit
from tests.unit.certificates import Wish, make, root
from tests.unit.ops_runs import project_of, ran, tool
from tests.unit.smoke_world import (
    METRICS_TOKEN,
    TOKEN,
    credentials,
    named,
    of_user,
    pretended,
    running_hub,
    visit_of,
)
from tests.unit.test_ops_smoke_door import FORM, leaf


def outcomes(
    monkeypatch: pytest.MonkeyPatch,
    ends: dict[str, Exception],
    skipped: tuple[str, ...] = (),
    *,
    going: bool = True,
) -> dict[str, Status]:
    """Run all checks; each passes but those that end otherwise."""

    def look_of(name: str) -> checks.Check:
        one = next(check for check in checks.CHECKS if check.name == name)

        def look(_: Visit) -> Seen:
            if name in ends:
                raise ends[name]
            return Seen("fine")

        return checks.Check(name, look, one.needs, one.makes)

    monkeypatch.setattr(checks, "CHECKS", tuple(look_of(name) for name in NAMES))
    return {one.name: one.status for one in run(visit_of(None), chosen((), skipped), keep_going=going)}


def failed(*, stops: bool = True) -> Failed:
    return Failed("wrong", "so", "do", stops=stops)


def of(found: dict[str, Status], status: Status) -> set[str]:
    return {name for name, one in found.items() if one is status}


SERVER = {"cell", "egress", "services", "home", "gpu"}


def test_what_builds_on_a_failure_is_not_tried_and_all_else_is(monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcomes(monkeypatch, {"spawn": failed()})
    assert of(found, Status.NOT_TRIED) == SERVER
    assert of(found, Status.FAILED) == {"spawn"}
    found = outcomes(monkeypatch, {"certificate": failed()})
    assert of(found, Status.PASSED) == {"pods", "release", "prometheus"}


def test_a_failure_that_leaves_its_work_done_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcomes(monkeypatch, {"certificate": failed(stops=False), "pods": failed()})
    assert of(found, Status.NOT_TRIED) == set()
    assert of(found, Status.FAILED) == {"certificate", "pods"}


def test_a_check_that_is_skipped_takes_along_what_works_with_what_it_makes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert of(outcomes(monkeypatch, {}, ("certificate",)), Status.NOT_TRIED) == set()
    assert of(outcomes(monkeypatch, {}, ("spawn",)), Status.NOT_TRIED) == SERVER
    assert of(outcomes(monkeypatch, {"metrics": Skipped("off")}), Status.NOT_TRIED) == set()


def test_at_the_first_failure_it_can_end(monkeypatch: pytest.MonkeyPatch) -> None:
    found = outcomes(monkeypatch, {"release": failed(stops=False)}, going=False)
    assert of(found, Status.NOT_TRIED) == set(NAMES) - {"pods", "release"}


def test_a_cluster_that_says_no_is_a_failure_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert outcomes(monkeypatch, {"pods": NoAnswer("get pods", "Unauthorized")})["pods"] is Status.FAILED


def test_one_check_takes_along_what_it_builds_on() -> None:
    assert set(NAMES) - set(chosen(("home",), ())) == {"certificate", "api", "spawn", "cell", "home"}
    assert set(chosen((), ("gpu",))) == {"gpu"}
    assert with_server(chosen(("gpu",), ()))
    assert not with_server(chosen(("certificate", "sign-in"), ()))
    assert not with_server(chosen((), ("spawn", *SERVER)))
    with pytest.raises(Cannot, match="no check pod"):
        chosen(("pod",), ())


def workload(kind: str, name: str, *, release_name: str = "jupyterhub", **status: object) -> Json:
    whole = {"readyReplicas": 1, "updatedReplicas": 1, "observedGeneration": 1, **status}
    made = named(kind, name, labels={"release": release_name}, spec={"replicas": 1}, status=whole)
    made["metadata"]["generation"] = 1
    return made


UP = [workload("Deployment", "hub"), workload("Deployment", "proxy")]


def container_pod(**status: object) -> Json:
    one = named("Pod", "hub-1", labels={"release": "jupyterhub", "component": "hub"})
    return one | {"status": {"containerStatuses": [{"name": "hub", "restartCount": 3, **status}]}}


def test_every_workload_of_the_release_must_be_ready() -> None:
    daemon = workload(
        "DaemonSet", "puller", desiredNumberScheduled=2, numberReady=2, updatedNumberScheduled=2
    )
    others = workload("Deployment", "portal", release_name="portal", readyReplicas=0)
    assert pods(visit_of(None, {"deployment": [*UP, others], "daemonset": [daemon]})).words.startswith(
        "3 of 3"
    )


NONE = named("Deployment", "hub", labels={"release": "jupyterhub"}, spec={"replicas": 0}, status={})


@pytest.mark.parametrize(
    ("objects", "words"),
    [
        ({"deployment": UP[:1]}, "no Deployment proxy"),
        ({"deployment": [UP[1], workload("Deployment", "hub", readyReplicas=0)]}, "hub: 0 of 1 ready"),
        ({"deployment": [UP[1], workload("Deployment", "hub", updatedReplicas=0)]}, "0 of 1 are of its last"),
        ({"deployment": [UP[1], workload("Deployment", "hub", observedGeneration=0)]}, "of its last version"),
        ({"deployment": [UP[1], NONE]}, "hub is scaled to 0"),
        ({"deployment": UP, "statefulset": [workload("StatefulSet", "db", readyReplicas=0)]}, "db: 0 of 1"),
        (
            {
                "deployment": UP,
                "daemonset": [workload("DaemonSet", "p", desiredNumberScheduled=2, numberReady=1)],
            },
            "p: 1 of 2 ready",
        ),
        (
            {"deployment": UP, "pod": [container_pod(state={"waiting": {"reason": "CrashLoopBackOff"}})]},
            "crashes again and again",
        ),
    ],
)
def test_a_part_that_is_not_up_fails(objects: dict[str, list[Json]], words: str) -> None:
    with pytest.raises(Failed, match=words) as told:
        pods(visit_of(None, objects))
    assert "ops why local" in told.value.remedy


def test_a_restart_is_told_while_it_is_fresh() -> None:
    def remarks(ago: timedelta) -> tuple[str, ...]:
        at = (datetime.now(tz=UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
        ended = {"terminated": {"finishedAt": at, "reason": "OOMKilled"}}
        return pods(visit_of(None, {"deployment": UP, "pod": [container_pod(lastState=ended)]})).remarks

    (told,) = remarks(timedelta(minutes=5))
    assert "restarted 3 times" in told
    assert "OOMKilled" in told
    assert remarks(timedelta(hours=2)) == ()


def test_people_s_servers_are_no_part_of_the_release() -> None:
    theirs = of_user("Pod", "jupyter-ada", "ada")
    theirs["metadata"]["labels"]["release"] = "jupyterhub"
    theirs["status"] = {
        "containerStatuses": [{"name": "n", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}]
    }
    assert pods(visit_of(None, {"deployment": UP, "pod": [theirs]})).remarks == ()


def revision(number: int, status: str = "deployed", version: str = "4.4.0", label: str = "") -> Json:
    whole = {
        "info": {"status": status},
        "chart": {"metadata": {"version": version}},
        "config": {"secret": TOKEN},
    }
    packed = base64.b64encode(base64.b64encode(gzip.compress(json.dumps(whole).encode()))).decode()
    labels = {"owner": "helm", "name": "jupyterhub", "status": label or status, "version": str(number)}
    return named(
        "Secret", f"sh.helm.release.v1.jupyterhub.v{number}", labels=labels, data={"release": packed}
    )


def test_the_last_revision_counts_by_number_and_not_by_name() -> None:
    found = [revision(9, "superseded"), revision(10)]
    assert (
        release(visit_of(None, {"secret": found})).words == "jupyterhub: revision 10, deployed, chart 4.4.0"
    )
    assert release(visit_of(None, {"secret": [revision(1, version="4.4.0+embedded")]}))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([], "no release jupyterhub"),
        ([revision(1), revision(2, "pending-upgrade")], "revision 2 is pending-upgrade"),
        ([revision(1, "failed")], "revision 1 is failed"),
        ([revision(1, label="pending-upgrade")], "deployed and pending-upgrade"),
        ([revision(1, version="4.3.0")], r"the chart is 4\.3\.0, and the settings say 4\.4\.0"),
    ],
)
def test_a_release_that_is_not_whole_fails(found: list[Json], words: str) -> None:
    with pytest.raises(Failed, match=words) as told:
        release(visit_of(None, {"secret": found}))
    assert TOKEN not in str(told.value)


def test_an_interrupt_is_told_in_words_and_cleaning_is_not_disturbed() -> None:
    cleaned = []

    def working() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            with undisturbed():
                os.kill(os.getpid(), signal.SIGINT)
                cleaned.append("whole")

    with pytest.raises(Cannot, match="Interrupted"), interruptible():
        working()
    assert cleaned == ["whole"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_report_says_the_same_to_people_programs_and_pipelines() -> None:
    found = [
        Outcome(name="pods", status=Status.PASSED, seen="2 of 2", seconds=1.2),
        Outcome(name="api", status=Status.FAILED, seen="<wrong>", follows="so", remedy="do"),
        Outcome(name="spawn", status=Status.NOT_TRIED, seen="it builds on api"),
    ]
    told = Report("local", "https://hub", found, [])
    assert told.failed
    assert told.document()["counts"] == {"passed": 1, "failed": 1, "skipped": 0, "not tried": 1}
    suite = ElementTree.fromstring(told.junit())  # noqa: S314 -- our own text
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "<wrong>"
    assert not Report("local", "", found[:1], []).failed
    assert Report("local", "", found[:1], ["a volume"]).failed, "what is left behind is a failure"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[list[str]]:
    """A hub's door on the loopback, and the words that lead there."""
    (tmp_path / "ca.pem").write_text(root().pem)
    with pretended(leaf(), (), tmp_path) as hub:
        hub.replies["GET", "/hub/login"] = FORM
        to = f"jupyterhub.localhost:8443:127.0.0.1:{hub.port}"
        yield [
            "--connect-to",
            to,
            "--ca-file",
            str(tmp_path / "ca.pem"),
            "--project",
            str(project_of(tmp_path)),
        ]


OUTSIDE = ("--only", "certificate,sign-in")


def test_the_door_is_tried_without_a_cluster(door: list[str], tmp_path: Path) -> None:
    said = ran("smoke", "local", *OUTSIDE, *door, "--junit", tmp_path / "smoke.xml").stdout
    ran("smoke", "local", *OUTSIDE, *door, "--junit", tmp_path / "no" / "smoke.xml", ends=2)
    assert "certificate passed" in said
    assert "2 passed, 11 skipped" in said
    assert "spawn" not in said, "what nobody asked for is no line"
    assert ElementTree.parse(tmp_path / "smoke.xml").getroot().get("failures") == "0"  # noqa: S314


def test_a_failure_ends_with_1_and_says_what_follows_and_what_to_do(door: list[str], tmp_path: Path) -> None:
    other = make("Another root", wish=Wish(hosts=(), days=3000, authority=True))
    (tmp_path / "ca.pem").write_text(other.pem)
    said = ran("smoke", "local", *OUTSIDE, *door, ends=1).stdout
    assert "certificate failed" in said
    assert "What follows: " in said
    assert "What to do: " in said
    assert "sign-in     not tried it builds on certificate" in said
    found = json.loads(ran("smoke", "local", *OUTSIDE, *door, "--json", ends=1).stdout)
    assert not found["passed"]
    assert {one["name"]: one["status"] for one in found["checks"]}["sign-in"] == "not tried"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--only", "door"), "no check door"),
        (("--profile", "huge"), "no profile huge"),
        (("--connect-to", "here"), "HOST:PORT:ADDRESS:PORT"),
        (("--ca-file", "/nowhere/ca.pem"), "cannot be read"),
        (("--not-to", "the.metadata"), "no range of addresses"),
    ],
)
def test_what_cannot_be_done_ends_with_2(tmp_path: Path, words: tuple[str, ...], says: str) -> None:
    assert says in ran("smoke", "local", *words, "--project", project_of(tmp_path), ends=2).stderr


def test_without_kubectl_no_server_is_tried_and_that_is_said(
    door: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    assert "kubectl is not on PATH" in ran("smoke", "local", *door, ends=2).stderr


KUBECTL = """\
#!/usr/bin/env python3
import json, sys
words = " ".join(sys.argv[1:])
for asked, answer in json.load(open({place!r})).items():
    if asked in words:
        print(json.dumps(answer)); break
"""


def test_no_token_is_ever_shown(door: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"get deployment hub": running_hub(), "get secret credentials-2": credentials()}
    (tmp_path / "answers.json").write_text(json.dumps(answers))
    tool(tmp_path / "bin", "kubectl", KUBECTL.format(place=str(tmp_path / "answers.json")))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    done = ran("smoke", "local", "--only", "api,metrics", *door, ends=1)
    assert "the hub does not take the token" in done.stdout
    for secret in (TOKEN, METRICS_TOKEN):
        assert secret not in done.output
        assert base64.b64encode(secret.encode()).decode() not in done.output
