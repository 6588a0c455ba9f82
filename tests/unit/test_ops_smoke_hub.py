"""What `ops smoke` says of the hub's API, of its metrics, and of a server that does not start."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from ops.smoke.api_checks import api, metrics, prometheus
from ops.smoke.outcome import Failed, Skipped
from ops.smoke.starting import Story, hint_for, plain
from ops.smoke.tokens import token
from settings.smoke import USER
from tests.unit.documents import settings
from tests.unit.loopback import Reply
from tests.unit.smoke_world import (
    METRICS_TOKEN,
    TOKEN,
    Cluster,
    Pretended,
    credentials,
    leads,
    named,
    pretended,
    running_hub,
    said,
    visit_of,
)

SCOPES = [f"{one}!user={USER}" for one in ("admin:users", "servers", "access:servers", "users")]
QUERY = "/api/v1/query"


@pytest.fixture
def hub() -> Iterator[Pretended]:
    with pretended() as made:
        made.replies |= {
            ("GET", "/hub/api/"): said({"version": "5.5.4"}),
            ("GET", "/hub/api/user"): said({"kind": "service", "admin": False, "scopes": SCOPES}),
        }
        yield made


def test_the_token_is_taken_from_what_the_running_hub_has_mounted(hub: Pretended) -> None:
    old = [credentials("credentials-1", "00" * 32), credentials()]
    assert token(visit_of(hub, {"secret": old}).live, "smoke") == TOKEN
    both = [credentials("hub", "33" * 32), credentials()]
    assert token(visit_of(hub, {"secret": both}).live, "smoke") == TOKEN, "as the hub itself reads them"
    chart_s = [credentials("hub", "33" * 32)]
    assert token(visit_of(hub, {"secret": chart_s}).live, "smoke") == "33" * 32


@pytest.mark.parametrize(
    ("objects", "patch", "remedy"),
    [
        ({"secret": []}, {}, "pulumi up"),
        ({"deployment": []}, {}, "pulumi up"),
        ({"deployment": [named("Deployment", "hub", spec={})]}, {}, "pulumi up"),
        (
            {"secret": [named("Secret", "credentials-2", data={})]},
            {"monitoring": {"smoke": False}},
            "monitoring.smoke",
        ),
    ],
)
def test_a_token_that_is_nowhere_is_told_with_what_to_do(
    objects: dict[str, list[dict[str, object]]], patch: dict[str, object], remedy: str
) -> None:
    with pytest.raises(Failed, match=r"hub\.services\.smoke\.apiToken") as failed:
        token(visit_of(None, objects, settings=settings(patch)).live, "smoke")
    assert remedy in failed.value.remedy


def test_version_and_rights_as_they_must_be_pass(hub: Pretended) -> None:
    assert "5.5.4" in api(visit_of(hub)).words
    assert hub.asked[-1][2]["Authorization"] == f"token {TOKEN}"


@pytest.mark.parametrize("more", [["read:users"], ["admin:users!user=ada"], ["read:metrics"], ["self"]])
def test_a_token_that_may_more_than_it_must_fails(hub: Pretended, more: list[str]) -> None:
    hub.replies["GET", "/hub/api/user"] = said({"admin": False, "scopes": SCOPES + more})
    with pytest.raises(Failed, match="more than it must") as failed:
        api(visit_of(hub))
    assert more[0] in failed.value.what


def test_an_administrator_s_token_a_poor_one_and_a_refused_one_fail(hub: Pretended) -> None:
    hub.replies["GET", "/hub/api/user"] = said({"admin": True, "scopes": SCOPES})
    with pytest.raises(Failed, match="administrator"):
        api(visit_of(hub))
    hub.replies["GET", "/hub/api/user"] = said({"admin": False, "scopes": SCOPES[1:]})
    with pytest.raises(Failed, match="may not do all that it must: admin:users"):
        api(visit_of(hub))
    hub.replies["GET", "/hub/api/user"] = said({"message": "Forbidden"}, 403)
    with pytest.raises(Failed, match="does not take the token") as failed:
        api(visit_of(hub))
    assert failed.value.stops


def test_another_version_fails_and_stops_nothing(hub: Pretended) -> None:
    hub.replies["GET", "/hub/api/"] = said({"version": "5.3.0"})
    with pytest.raises(Failed, match=r"5\.3\.0, and the settings say 5\.5\.4") as failed:
        api(visit_of(hub))
    assert not failed.value.stops


def metered(hub: Pretended, bare: int, with_token: Reply) -> None:
    def reply() -> Reply:
        given = hub.asked[-1][2].get("Authorization")
        return with_token if given == f"Bearer {METRICS_TOKEN}" else Reply(status=bare)

    hub.replies["GET", "/hub/metrics"] = reply


COUNTED = Reply(b'# HELP jupyterhub_x\njupyterhub_x 1\njupyterhub_x{a="b"} 2\n\nprocess_y 3\n')


def test_metrics_are_for_prometheus_alone(hub: Pretended) -> None:
    metered(hub, 403, COUNTED)
    assert metrics(visit_of(hub)).words == "403 without a token; 2 metrics with Prometheus' token"
    metered(hub, 200, COUNTED)
    with pytest.raises(Failed, match="without a token answers 200"):
        metrics(visit_of(hub))
    metered(hub, 403, Reply(status=403))
    with pytest.raises(Failed, match="does not give its metrics"):
        metrics(visit_of(hub))
    metered(hub, 403, Reply(b"<html>"))
    with pytest.raises(Failed, match="does not give its metrics"):
        metrics(visit_of(hub))
    with pytest.raises(Skipped):
        metrics(visit_of(hub, settings=settings({"monitoring": {"metrics": False, "namespaces": []}})))


def result(*values: str) -> dict[str, object]:
    found = [{"metric": {}, "value": [1, value]} for value in values]
    return {"status": "success", "data": {"resultType": "vector", "result": found}}


@pytest.mark.parametrize("proxied", [False, True])
def test_prometheus_says_whether_it_sees_the_hub(hub: Pretended, proxied: bool) -> None:
    def asked(answer: object) -> str:
        hub.replies["GET", QUERY] = said(answer)
        visit = visit_of(
            hub, prometheus=f"http://127.0.0.1:{hub.port}/" if not proxied else "monitoring/prom:9090"
        )
        assert isinstance(visit.live.cluster, Cluster)
        path = "/api/v1/namespaces/monitoring/services/prom:9090/proxy/api/v1/query?query="
        query = "up%7Bjob%3D%22hub%22%2C%20namespace%3D%22jupyterhub%22%7D"
        visit.live.cluster.raws[path + query] = json.dumps(answer)
        return prometheus(visit).words

    assert asked(result("1")) == 'up{job="hub", namespace="jupyterhub"} is 1'
    for answer, words in (
        (result(), "not at all"),
        (result("0"), "does not get in"),
        (result("1", "0"), "does not get in"),
        ({"status": "error"}, "something else"),
        (["text"], "something else"),
    ):
        with pytest.raises(Failed, match=words):
            asked(answer)


def test_without_a_prometheus_nobody_is_asked_and_that_is_said() -> None:
    with pytest.raises(Skipped, match=r"monitoring\.stack is none"):
        prometheus(visit_of(None))
    with pytest.raises(Skipped, match="which one is not in the settings"):
        prometheus(visit_of(None, settings=settings({"monitoring": {"stack": "own"}})))


def events(*told: dict[str, object]) -> Reply:
    return Reply("".join(f"data: {json.dumps(one)}\n\n" for one in told).encode())


STARTED = said({}, 202)
WARNING = {
    "progress": 30,
    "message": "2026-11-21T21:00:00Z [Warning] 0/3 nodes are available: 3 Insufficient cpu.",
}


def test_a_server_that_comes_is_told_while_it_comes(hub: Pretended) -> None:
    told: list[str] = []
    visit = visit_of(hub)
    visit.tell = told.append
    hub.replies |= {
        ("POST", f"/hub/api/users/{USER}/server"): STARTED,
        ("GET", f"/hub/api/users/{USER}/server/progress"): events(
            WARNING, {"ready": True, "message": "Server ready"}
        ),
    }
    assert visit.starter.start("cpu-only") < 60
    assert told == ["0/3 nodes are available: 3 Insufficient cpu.", "Server ready"]


def test_a_server_that_fails_is_told_in_plain_words(hub: Pretended) -> None:
    hub.replies |= {
        ("POST", f"/hub/api/users/{USER}/server"): STARTED,
        ("GET", f"/hub/api/users/{USER}/server/progress"): events(
            WARNING, {"failed": True, "message": "Spawn failed: timeout"}
        ),
    }
    with pytest.raises(Failed, match=r"no node has room for it: 0/3 nodes .*Spawn failed") as failed:
        visit_of(hub).starter.start("cpu-only")
    assert "kubectl describe nodes" in failed.value.remedy


def test_a_server_that_never_comes_ends_in_its_time(hub: Pretended) -> None:
    hub.replies |= {
        ("POST", f"/hub/api/users/{USER}/server"): STARTED,
        ("GET", f"/hub/api/users/{USER}/server/progress"): events(WARNING),
        ("GET", f"/hub/api/users/{USER}"): said({"servers": {"": {"pending": "spawn"}}}),
    }
    with pytest.raises(Failed, match="not ready after"):
        visit_of(hub, seconds=1.5).starter.start("cpu-only")


def test_a_server_that_the_hub_refuses_is_told_in_its_words(hub: Pretended) -> None:
    hub.replies["POST", f"/hub/api/users/{USER}/server"] = said({"message": "Too many servers"}, 429)
    with pytest.raises(Failed, match="429 Too many servers"):
        visit_of(hub).starter.start("cpu-only")


QUOTA = (
    'Spawn failed: (403)\nReason: error\nHTTP response headers: <{}>\nHTTP response body: {"kind":"Status",'
    '"metadata":{},"message":"pods \\"jupyter-x\\" is forbidden: exceeded quota: gpus","code":403}\n\n'
)


@pytest.mark.parametrize(
    ("said_by_cluster", "words"),
    [
        (QUOTA, "ResourceQuota"),
        ('Back-off pulling image "x": ErrImagePull', "image cannot be pulled"),
        ("FailedMount: MountVolume.SetUp failed for volume", "volume does not come"),
        ("pod has unbound immediate PersistentVolumeClaims", "volume does not come"),
        ("0/3 nodes: 3 node(s) had untolerated taint {gpu: }", "no node takes"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest"', "Pod Security"),
        ("BackOff: Back-off restarting failed container", "ends by itself"),
        ("no PriorityClass with name gpu was found", "priority class"),
    ],
)
def test_what_the_cluster_says_has_plain_words(said_by_cluster: str, words: str) -> None:
    hint = hint_for(plain(said_by_cluster))
    assert hint
    assert words in hint.what


def test_of_an_answer_of_the_api_server_the_message_is_left() -> None:
    assert plain(QUOTA) == 'pods "jupyter-x" is forbidden: exceeded quota: gpus'
    assert plain("two\n  lines") == "two lines"


def test_an_event_that_claims_to_be_ready_is_the_hub_s_alone() -> None:
    story = Story()
    assert story.hear(WARNING) == "0/3 nodes are available: 3 Insufficient cpu."
    assert (story.over, story.ready) == (False, False)
    story.hear({"failed": True, "message": "no"})
    assert (story.over, story.ready) == (True, False)


def test_the_hub_s_deployment_of_tests_is_as_the_chart_mounts_it() -> None:
    mounts = running_hub()["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert [mount["mountPath"].rsplit("/", 2)[1] for mount in mounts] == ["secret", "existing-secret"]


def test_a_page_that_leads_away_is_no_answer_of_the_api(hub: Pretended) -> None:
    hub.replies["GET", "/hub/api/user"] = leads("/hub/login")
    with pytest.raises(Failed, match="does not take the token"):
        api(visit_of(hub))
