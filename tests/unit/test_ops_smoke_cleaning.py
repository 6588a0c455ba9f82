"""What `ops smoke` removes, and what it never does; and that two runs do not meet."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from ops.ending import Cannot
from ops.kubectl import Json, NoAnswer
from ops.smoke import cleaning, lock
from ops.smoke.cleaning import CLAIMS, clean, left_by_others
from ops.smoke.visit import Visit
from settings import Settings
from settings.smoke import USER
from tests.unit.documents import settings
from tests.unit.loopback import Reply
from tests.unit.smoke_world import Cluster, Pretended, named, of_user, pretended, said, visit_of

OURS = CLAIMS[0]


@pytest.fixture
def hub() -> Iterator[Pretended]:
    with pretended() as made:
        made.replies["DELETE", f"/hub/api/users/{USER}"] = Reply(status=204)
        yield made


def cluster_of(visit: Visit) -> Cluster:
    assert isinstance(visit.live.cluster, Cluster)
    return visit.live.cluster


def claim(name: str = OURS, user: str = USER, **more: object) -> Json:
    return of_user("PersistentVolumeClaim", name, user, spec={"volumeName": "pv-1"}, **more)


def pod(name: str, mounts: str, user: str | None = None) -> Json:
    volumes = [{"name": "home", "persistentVolumeClaim": {"claimName": mounts}}, {"name": "other"}]
    if user:
        return of_user("Pod", name, user, spec={"volumes": volumes})
    return named("Pod", name, spec={"volumes": volumes})


def test_kubespawner_s_names_of_the_claim_are_known() -> None:
    # As its own functions write the user's name, of version 7 and of those before.
    assert CLAIMS == ("claim-ops-smoke---04d80037", "claim-ops-2esmoke")


def test_the_account_and_its_own_claim_go(hub: Pretended) -> None:
    visit = visit_of(hub, {"persistentvolumeclaim": [claim()]})
    assert clean(visit) == []
    assert cluster_of(visit).deleted == [f"persistentvolumeclaim/{OURS}"]
    assert hub.asked_for("DELETE", f"/hub/api/users/{USER}")


def with_claim(section: str) -> Settings:
    """Settings with a claim of theirs under our name, which the rules refuse."""
    whole = settings()
    if section == "database":
        return whole.model_copy(update={"database": whole.database.model_copy(update={"claim": OURS})})
    assert whole.storage.shared
    shared = whole.storage.shared.model_copy(update={"claim": OURS})
    return whole.model_copy(update={"storage": whole.storage.model_copy(update={"shared": shared})})


NOT_OURS = {
    "another user's": [claim("claim-ada", "ada")],
    "another user's under our name": [claim(OURS, "ada")],
    "nobody's": [claim(OURS, "")],
    "without a mark": [
        named("PersistentVolumeClaim", OURS, labels={"component": "singleuser-storage"}, spec={})
    ],
    "of another component": [
        named("PersistentVolumeClaim", OURS, annotations={"hub.jupyter.org/username": USER})
    ],
}
DOUBTFUL = {
    "marked as ours, under another name": [claim("shared")],
    "marked as ours, named like ours": [claim(f"{OURS}-2")],
}


@pytest.mark.parametrize("case", NOT_OURS)
def test_no_claim_of_anybody_else_is_deleted_or_spoken_of(hub: Pretended, case: str) -> None:
    visit = visit_of(hub, {"persistentvolumeclaim": NOT_OURS[case]})
    assert clean(visit) == []
    assert cluster_of(visit).deleted == []


@pytest.mark.parametrize("case", DOUBTFUL)
def test_a_claim_in_doubt_stays_and_is_told(hub: Pretended, case: str) -> None:
    visit = visit_of(hub, {"persistentvolumeclaim": DOUBTFUL[case]})
    (left,) = clean(visit)
    assert "another name" in left
    assert cluster_of(visit).deleted == []


@pytest.mark.parametrize("whose", ["shared", "database", "helm"])
def test_a_claim_of_the_settings_or_of_a_release_stays(hub: Pretended, whose: str) -> None:
    document = settings() if whose == "helm" else with_claim(whose)
    one = claim()
    if whose == "helm":
        one["metadata"]["labels"]["app.kubernetes.io/managed-by"] = "Helm"
    visit = visit_of(hub, {"persistentvolumeclaim": [one]}, settings=document)
    assert len(clean(visit)) == 1
    assert cluster_of(visit).deleted == []


def test_a_claim_that_another_s_pod_mounts_stays(hub: Pretended) -> None:
    objects = {"persistentvolumeclaim": [claim()], "pod": [pod("jupyter-ada", OURS, "ada")]}
    visit = visit_of(hub, objects)
    (left,) = clean(visit)
    assert "jupyter-ada has it mounted" in left
    assert cluster_of(visit).deleted == []


def test_our_own_pod_gets_its_time_to_go(hub: Pretended, monkeypatch: pytest.MonkeyPatch) -> None:
    pods = [pod("jupyter-ops", OURS, USER)]
    monkeypatch.setattr("time.sleep", lambda _: pods.clear())
    visit = visit_of(hub, {"persistentvolumeclaim": [claim()], "pod": pods})
    assert clean(visit) == []
    assert cluster_of(visit).deleted == [f"persistentvolumeclaim/{OURS}"]


def volume(policy: str) -> Json:
    return named("PersistentVolume", "pv-1", spec={"persistentVolumeReclaimPolicy": policy})


def test_a_volume_that_its_class_keeps_is_told_with_the_command(hub: Pretended) -> None:
    objects = {"persistentvolumeclaim": [claim()], "persistentvolume": [volume("Retain")]}
    assert [one.rpartition(": ")[2] for one in clean(visit_of(hub, objects))] == ["kubectl delete pv pv-1"]


def test_a_volume_that_its_driver_deletes_gets_its_time(
    hub: Pretended, monkeypatch: pytest.MonkeyPatch
) -> None:
    volumes = [volume("Delete")]
    objects = {"persistentvolumeclaim": [claim()], "persistentvolume": volumes}
    monkeypatch.setattr("time.sleep", lambda _: volumes.clear())
    assert clean(visit_of(hub, objects)) == []
    volumes.append(volume("Delete"))
    monkeypatch.setattr(cleaning, "_DELETED", 0)
    (left,) = clean(visit_of(hub, objects))
    assert "has not deleted yet" in left


def test_who_may_not_look_at_volumes_or_claims_is_not_stopped_by_it(hub: Pretended) -> None:
    visit = visit_of(hub, {"persistentvolumeclaim": [claim()]})
    object.__setattr__(visit.live.cluster, "forbidden", ("persistentvolume",))
    assert clean(visit) == []
    object.__setattr__(visit.live.cluster, "forbidden", ("persistentvolumeclaims",))
    (left,) = clean(visit)
    assert f"delete pvc {OURS}" in left


def test_a_hub_that_refuses_leaves_words_and_still_loses_the_claim(hub: Pretended) -> None:
    hub.replies["DELETE", f"/hub/api/users/{USER}"] = said({"message": "database is locked"}, 500)
    visit = visit_of(hub, {"persistentvolumeclaim": [claim()]})
    (left,) = clean(visit)
    assert "500 database is locked" in left
    assert cluster_of(visit).deleted == [f"persistentvolumeclaim/{OURS}"]


def serving(hub: Pretended, connections: int) -> None:
    hub.replies |= {
        ("GET", f"/hub/api/users/{USER}"): said({"servers": {"": {"ready": True, "url": "/"}}}),
        ("GET", f"/user/{USER}/api/status"): said({"connections": connections}),
    }

    def stopped() -> Reply:
        hub.replies["GET", f"/hub/api/users/{USER}"] = said({"servers": {}})
        return Reply(status=204)

    hub.replies["DELETE", f"/hub/api/users/{USER}/server"] = stopped


def test_a_server_that_somebody_uses_is_left_alone(hub: Pretended) -> None:
    serving(hub, connections=1)
    with pytest.raises(Cannot, match="Somebody is connected"):
        left_by_others(visit_of(hub))
    assert not any(method == "DELETE" for method, *_ in hub.asked)


def test_a_server_that_a_killed_run_left_goes_with_everything(hub: Pretended) -> None:
    serving(hub, connections=0)
    visit = visit_of(hub, {"persistentvolumeclaim": [claim()]})
    left_by_others(visit)
    assert hub.asked_for("DELETE", f"/hub/api/users/{USER}/server")
    assert cluster_of(visit).deleted == [f"persistentvolumeclaim/{OURS}"]


def test_a_hub_that_does_not_answer_is_for_the_checks_to_tell() -> None:
    with pretended() as gone:
        visit = visit_of(gone)
    left_by_others(visit)


@dataclass(frozen=True)
class Locked(Cluster):
    """A cluster that keeps its ConfigMaps, and gives versions to them."""

    def run(self, *words: str, given: str | None = None, seconds: int = 20) -> str:
        how, kind, *rest = words
        maps = self.objects.setdefault("configmap", [])
        if how == "create":
            if maps:
                raise NoAnswer("create", 'Error from server (AlreadyExists): configmaps "x" already exists')
            maps.append(self._versioned(json.loads(given or ""), 1))
        elif how == "replace":
            new = json.loads(given or "")
            if not maps or new["metadata"]["resourceVersion"] != maps[0]["metadata"]["resourceVersion"]:
                raise NoAnswer("replace", "Error from server (Conflict): the object has been modified")
            maps[0] = self._versioned(new, int(new["metadata"]["resourceVersion"]) + 1)
        elif how == "patch" and maps:
            maps[0] = self._versioned(maps[0], int(maps[0]["metadata"]["resourceVersion"]) + 1)
        elif how == "delete":
            maps.clear()
        else:
            return super().run(how, kind, *rest, given=given, seconds=seconds)
        return ""

    @staticmethod
    def _versioned(one: Json, version: int) -> Json:
        return one | {"metadata": one["metadata"] | {"resourceVersion": str(version)}}


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Locked:
    monkeypatch.setattr(lock, "BEAT", 0.05)
    monkeypatch.setattr(lock, "DEAD", 2.5)
    return Locked("jupyterhub")


def silent(_: str) -> None:
    """Nobody listens."""


def test_a_run_holds_the_lock_and_gives_it_back(cluster: Locked) -> None:
    with lock.held(cluster, silent, "local"):
        assert cluster.find("configmap", lock.NAME)
    assert not cluster.find("configmap", lock.NAME)


def test_a_second_run_is_refused_while_the_first_lives(cluster: Locked) -> None:
    with lock.held(cluster, silent, "local"):
        with pytest.raises(Cannot, match="Another run is at work"), lock.held(cluster, silent, "local"):
            pytest.fail("both hold it")
        assert cluster.find("configmap", lock.NAME), "the refused one takes nothing along"


def test_the_lock_of_a_killed_run_is_taken_over(cluster: Locked) -> None:
    cluster.objects["configmap"] = [named("ConfigMap", lock.NAME, data={"by": "somebody"})]
    with lock.held(cluster, silent, "local"):
        there = cluster.find("configmap", lock.NAME)
        assert there
        assert there["data"]["by"] != "somebody"


def test_of_two_that_find_it_dead_one_gets_it(cluster: Locked) -> None:
    cluster.objects["configmap"] = [named("ConfigMap", lock.NAME, data={"by": "somebody"})]
    ends: list[str] = []
    both_tried = threading.Barrier(2)

    def run() -> None:
        try:
            with lock.held(cluster, silent, "local"):
                ends.append("held")
                both_tried.wait(30)
        except Cannot:
            ends.append("refused")
            both_tried.wait(30)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(ends) == ["held", "refused"]


def test_a_lock_that_went_to_somebody_else_is_not_deleted(cluster: Locked) -> None:
    with lock.held(cluster, silent, "local"):
        cluster.objects["configmap"][0]["data"]["by"] = "somebody else"
    assert cluster.find("configmap", lock.NAME)


def test_who_may_not_hold_the_lock_is_told_so(cluster: Locked) -> None:
    forbidden = Cluster("jupyterhub", forbidden=("configmap",))
    with pytest.raises(Cannot, match="can-i create"), lock.held(forbidden, silent, "local"):
        pytest.fail("it is not held")
