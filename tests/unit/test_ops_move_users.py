"""`ops move-users`: whoever moves finds their files, a run may end anywhere, and nothing is ever lost."""

from __future__ import annotations

import csv
import json
from copy import deepcopy
from io import StringIO
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from ops.cli import app
from ops.kubectl import Json
from ops.moving.homes import MARK, ORIGIN
from settings.smoke import USER as MACHINE
from tests.unit.documents import settings
from tests.unit.moving_world import NAMESPACE, Killed, Pretended, State, mounting
from tests.unit.ops_runs import project_of, ran

ALICE, BOB = "0a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6", "1a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6"
ODD = "bob o'neil@x"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> State:
    """Two people with homes, one of them with an odd name; a report lands in a folder of its own."""
    made = State()
    for name in ("alice", ODD):
        made.user(name)
        made.home(name)
    made.user("carol")
    made.home("carol")
    made.user(MACHINE)
    use(made, monkeypatch)
    monkeypatch.chdir(tmp_path)
    return made


def use(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    def kubectl(namespace: str, context: str | None = None) -> Pretended:
        return Pretended(namespace, context, state=state)

    monkeypatch.setattr("ops.live.Kubectl", kubectl)


def mapped(text: str = f"alice,{ALICE}\n{ODD},{BOB}\ncarol,\n") -> str:
    Path("map.csv").write_text(f"old,new\n{text}")
    return "map.csv"


def moved(*words: str, ends: int = 0) -> Result:
    return ran("move-users", "local", "--map", mapped(), *words, ends=ends)


def told(*words: str, ends: int = 0) -> Json:
    found: Json = json.loads(moved("--json", *words, ends=ends).stdout)
    return found


def report() -> Path:
    return next(Path().glob("move-users-local-*.json"))


def why(found: Json, user: str) -> str:
    return " ".join(next(one["why"] for one in found["users"] if one["old"] == user))


def test_without_apply_nothing_changes(state: State) -> None:
    before = deepcopy((state.claims, state.volumes, state.users))
    found = told()
    assert (state.claims, state.volumes, state.users, state.changes) == (*before, [])
    assert found["counts"] == {"ready": 2, "left": 1}
    home = found["users"][0]["homes"][0]
    assert home["from"] == {"namespace": NAMESPACE, "name": "claim-alice"}
    assert home["to"]["name"] == f"claim-{ALICE}"
    assert home["size"] == "2Gi"
    assert not list(Path().glob("*.json")), "a dry run leaves no file"


def test_everybody_finds_their_files_under_the_new_name(state: State) -> None:
    moved("--apply")
    assert state.files_of(ALICE) == "the files of alice"
    assert state.files_of(BOB) == f"the files of {ODD}"
    assert state.files_of("carol") == "the files of carol"
    assert {name for _, name in state.claims} == {f"claim-{ALICE}", f"claim-{BOB}", "claim-carol"}
    assert set(state.users) == {"carol", MACHINE}, "old accounts go, with their tokens"
    new = state.claims[NAMESPACE, f"claim-{ALICE}"]
    assert new["metadata"]["annotations"]["hub.jupyter.org/username"] == ALICE
    assert "pv.kubernetes.io/bind-completed" not in new["metadata"]["annotations"]
    assert json.loads(new["metadata"]["annotations"][ORIGIN])["name"] == "claim-alice"


def test_a_volume_is_kept_before_its_claim_goes_and_the_new_claim_is_there(state: State) -> None:
    moved("--apply")
    volume = state.claims[NAMESPACE, f"claim-{ALICE}"]["spec"]["volumeName"]
    steps = [f"patch {volume}", f"create claim-{ALICE}", "delete claim-alice", f"patch {volume}"]
    assert [one for one in state.changes if one in steps] == steps
    noted = json.loads(state.volumes[volume]["metadata"]["annotations"][MARK])
    assert (noted["policy"], noted["from"]["name"]) == ("Delete", "claim-alice")


def test_a_second_run_has_nothing_to_do(state: State) -> None:
    moved("--apply")
    before = list(state.changes)
    assert told("--apply")["counts"] == {"moved": 2, "left": 1}
    assert state.changes == before


@pytest.mark.parametrize("calls", range(1, 11))
def test_a_run_that_is_killed_anywhere_is_completed_by_the_next(state: State, calls: int) -> None:
    everything = dict(state.content)
    state.killed_after = calls
    killed = CliRunner().invoke(app, ["move-users", "local", "--map", mapped(), "--apply"])
    assert isinstance(killed.exception, Killed), "a case that kills nothing shows nothing"
    assert state.content == everything
    assert json.loads(report().read_text())["over"] is False
    state.killed_after = None
    moved("--apply")
    assert state.content == everything
    assert state.files_of(ALICE) == "the files of alice"
    assert state.files_of(BOB) == f"the files of {ODD}"
    assert set(state.users) == {"carol", MACHINE}


@pytest.mark.parametrize("calls", range(1, 11))
def test_the_way_back_is_open_from_anywhere(state: State, calls: int) -> None:
    everything = dict(state.content)
    state.killed_after = calls
    CliRunner().invoke(app, ["move-users", "local", "--map", mapped(), "--apply", "--report", "r.json"])
    state.killed_after = None
    ran("move-users", "local", "--undo", "r.json", "--apply", "--report", "back.json")
    assert state.content == everything
    assert state.files_of("alice") == "the files of alice"
    assert state.files_of(ODD) == f"the files of {ODD}"
    assert not [name for _, name in state.claims if ALICE in name or BOB in name]


def test_the_way_back_and_forth_keeps_the_first_policy(state: State) -> None:
    moved("--apply", "--report", "r.json")
    ran("move-users", "local", "--undo", "r.json", "--apply", "--report", "back.json")
    moved("--apply", "--report", "again.json")
    ran("move-users", "local", "--finish", "--apply")
    policies = {one["spec"]["persistentVolumeReclaimPolicy"] for one in state.volumes.values()}
    assert policies == {"Delete"}
    assert not [one for one in state.volumes.values() if MARK in one["metadata"]["annotations"]]


def test_finishing_says_first_what_it_would_do(state: State) -> None:
    moved("--apply")
    before = list(state.changes)
    said = ran("move-users", "local", "--finish", "--json")
    assert {one["policy"] for one in json.loads(said.stdout)["volumes"]} == {"Delete"}
    assert state.changes == before


def test_a_claim_is_not_deleted_while_its_volume_would_go_along(state: State) -> None:
    """As where something in the cluster sets reclaim policies by a rule of its own."""
    volume = state.volumes[state.claims[NAMESPACE, "claim-alice"]["spec"]["volumeName"]]

    def set_back() -> None:
        volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete"
        state.meanwhile[f"patch {volume['metadata']['name']}"] = set_back

    set_back()
    assert "somebody else changes" in why(told("--apply", ends=1), "alice")
    assert state.files_of("alice") == "the files of alice"


def test_what_somebody_else_changed_meanwhile_is_not_written_over(state: State) -> None:
    """A volume that is given away between two looks is left to whom it was given."""
    claim = state.claims[NAMESPACE, "claim-alice"]
    volume = state.volumes[claim["spec"]["volumeName"]]

    def give_away() -> None:
        volume["spec"]["claimRef"] = {"namespace": "theirs", "name": "x", "uid": "theirs"}

    state.meanwhile["delete claim-alice"] = give_away
    assert "somebody else by now" in why(told("--apply", ends=1), "alice")
    assert volume["spec"]["claimRef"]["uid"] == "theirs"


def test_an_account_stays_where_a_new_home_began_during_the_run(state: State) -> None:
    state.meanwhile["delete claim-alice"] = lambda: state.home("alice")
    assert "signed in again" in why(told("--apply", ends=1), "alice")
    assert "alice" in state.users
    assert state.files_of(ALICE) == "the files of alice"


def test_named_servers_have_homes_of_their_own(state: State) -> None:
    state.home("alice", server="gpu")
    moved("--apply")
    assert (NAMESPACE, f"claim-{ALICE}--gpu") in state.claims
    assert (NAMESPACE, f"claim-{ALICE}") in state.claims


def test_a_claim_of_an_older_name_is_found_by_whose_it_is(state: State) -> None:
    state.home("dora.x", claim="claim-dora-2ex")
    Path("map.csv").write_text(f"old,new\ndora.x,{ALICE}\n")
    ran("move-users", "local", "--map", "map.csv", "--apply")
    assert state.files_of(ALICE) == "the files of dora.x"


def test_whoever_stays_stays_with_a_reason_and_hinders_nobody(state: State) -> None:
    state.home(ALICE)
    found = told("--apply", ends=1)
    assert "never merged" in why(found, "alice")
    assert state.files_of("alice") == "the files of alice"
    assert state.files_of(BOB) == f"the files of {ODD}"
    assert "alice" in state.users, "who has not moved keeps the account"
    assert json.loads(report().read_text())["counts"] == {"stays": 1, "moved": 1, "left": 1}


def test_a_running_server_is_left_alone_unless_it_may_be_stopped(state: State) -> None:
    state.users["alice"]["servers"][0]["running"] = True
    state.pods.append(mounting("claim-alice"))
    assert "--stop-servers" in why(told("--apply", ends=1), "alice")
    assert (NAMESPACE, "claim-alice") in state.claims
    told("--apply", "--stop-servers")
    assert "stop alice" in state.changes
    assert state.files_of(ALICE) == "the files of alice"


def test_a_server_without_a_pod_yet_is_in_the_way(state: State) -> None:
    state.users["alice"]["servers"][0]["running"] = True
    told("--apply", ends=1)
    assert (NAMESPACE, "claim-alice") in state.claims


def test_a_pod_that_the_hub_does_not_know_is_in_the_way_too(state: State) -> None:
    state.pods.append(mounting("claim-alice", "copying"))
    assert "pod copying" in why(told("--apply", "--stop-servers", ends=1), "alice")
    assert (NAMESPACE, "claim-alice") in state.claims


@pytest.mark.parametrize(
    "verb", ["get persistentvolumes", "patch persistentvolumes", "create persistentvolumeclaims"]
)
def test_without_the_rights_nothing_is_begun(state: State, verb: str) -> None:
    state.denied.add(verb)
    before = deepcopy((state.claims, state.volumes))
    said = moved("--apply", "--stop-servers", ends=2).output
    assert verb in said
    assert "--rights" in said
    assert (state.claims, state.volumes, state.changes) == (*before, [])


def test_the_text_for_the_cluster_s_owner_names_the_volumes_and_no_others(state: State) -> None:
    text = moved("--rights").stdout
    volumes = {
        state.claims[NAMESPACE, name]["spec"]["volumeName"] for name in ("claim-alice", "claim-bob-o-neil-x")
    }
    assert all(f"- {name}\n" in text for name in volumes)
    assert state.claims[NAMESPACE, "claim-carol"]["spec"]["volumeName"] not in text
    assert "carol@example.org" in text
    assert state.changes == []


def test_a_quota_that_refuses_the_new_claim_leaves_the_old_one(state: State) -> None:
    state.refused["create"] = "Error from server (Forbidden): exceeded quota"
    assert "exceeded quota" in why(told("--apply", ends=1), "alice")
    assert state.files_of("alice") == "the files of alice"


def test_an_account_stays_where_its_owner_began_a_new_home(state: State) -> None:
    moved("--apply")
    state.user("alice")
    state.home("alice")
    found = told("--apply", ends=1)
    assert "begun a new one" in why(found, "alice")
    assert "alice" in state.users
    assert (NAMESPACE, "claim-alice") in state.claims


def test_a_hub_that_keeps_no_record_removes_no_account(state: State) -> None:
    state.acts = False
    assert "monitoring.audit" in why(told("--apply", ends=1), "alice")
    assert "alice" in state.users
    assert state.files_of(ALICE) == "the files of alice"


def test_another_new_name_than_the_one_before_is_refused(state: State) -> None:
    moved("--apply")
    Path("map.csv").write_text("old,new\nalice,9a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6\n")
    said = ran("move-users", "local", "--map", "map.csv", "--apply", ends=1).output
    assert f"moved to {ALICE} before" in said.replace("\n", " ")
    assert state.files_of(ALICE) == "the files of alice"


@pytest.mark.parametrize(("calls", "words"), [(1, "began to move it"), (2, "has moved to")])
def test_a_move_that_was_begun_for_another_name_is_not_bent(state: State, calls: int, words: str) -> None:
    state.killed_after = calls
    CliRunner().invoke(app, ["move-users", "local", "--map", mapped(), "--apply"])
    state.killed_after = None
    Path("map.csv").write_text("old,new\nalice,9a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6\n")
    said = ran("move-users", "local", "--map", "map.csv", "--apply", ends=1).output
    assert words in said
    assert state.files_of("alice") == "the files of alice"


def test_a_hub_without_a_claim_for_each_home_is_refused(state: State) -> None:
    state.makes_claims = False
    assert "nothing that could get another name" in moved("--apply", ends=2).output


def test_names_that_depend_on_the_first_sign_in_are_refused(state: State) -> None:
    state.numbered = True
    assert "{userid}" in why(told("--apply", ends=1), "alice")
    assert state.files_of("alice") == "the files of alice"


def test_from_one_namespace_to_another(state: State) -> None:
    project_of(Path.cwd(), "local")
    identifier = settings().cluster.identifier
    project_of(Path.cwd(), "lab", {"namespace": {"name": "second"}, "cluster": {"identifier": identifier}})
    words = ("move-users", "local", "--to", "lab", "--project", str(Path.cwd()), "--map", mapped(), "--apply")
    ran(*words, "--names", "oid", "--report", "r.json")
    assert state.files_of(ALICE, "second") == "the files of alice"
    assert (NAMESPACE, "claim-alice") not in state.claims
    back = ("move-users", "local", "--to", "lab", "--project", str(Path.cwd()), "--undo", "r.json", "--apply")
    ran(*back, "--report", "back.json")
    assert state.files_of("alice") == "the files of alice"


def test_two_clusters_are_refused(state: State) -> None:
    said = ran("move-users", "local", "--to", "lab", "--map", mapped(), ends=2).output
    assert "two clusters" in said
    assert state.changes == []


def test_the_template_has_everybody_and_is_a_map(state: State) -> None:
    state.home("gone")
    text = ran("move-users", "local", "--template").stdout
    rows = {row["old"]: row for row in csv.DictReader(StringIO(text))}
    assert set(rows) == {"alice", ODD, "carol", "gone"}
    assert rows["alice"]["homes"] == "claim-alice"
    assert rows["alice"]["lastActivity"]
    assert rows["gone"]["lastActivity"] == "no account"
    Path("map.csv").write_text(text.replace("alice,,", f"alice,{ALICE},", 1))
    assert json.loads(ran("move-users", "local", "--map", "map.csv", "--json").stdout)["counts"] == {
        "ready": 1,
        "left": 3,
    }


def test_what_ends_with_an_account_is_said_before(state: State) -> None:
    state.user("alice", tokens=2, sharesGiven=1)
    said = moved().stdout
    assert "2 tokens" in said
    assert "1 shares of servers" in said


def test_who_is_not_in_the_map_is_named(state: State) -> None:
    Path("map.csv").write_text(f"old,new\nalice,{ALICE}\n")
    found = json.loads(ran("move-users", "local", "--map", "map.csv", "--json").stdout)
    assert found["notInTheMap"] == [ODD, "carol"]


def test_somebody_nobody_knows_is_told(state: State) -> None:
    Path("map.csv").write_text(f"old,new\nalcie,{ALICE}\n")
    assert "no account and no home" in ran("move-users", "local", "--map", "map.csv", ends=1).stdout


@pytest.mark.parametrize(
    "text", ["{}", "no json", '{"kind": "other", "undo": false, "stack": "", "to": "", "users": []}']
)
def test_what_is_no_report_undoes_nothing(state: State, text: str) -> None:
    Path("r.json").write_text(text)
    assert "report" in ran("move-users", "local", "--undo", "r.json", "--apply", ends=2).output
    assert state.changes == []


def test_a_report_of_another_move_undoes_nothing(state: State) -> None:
    moved("--apply", "--report", "r.json")
    found = json.loads(Path("r.json").read_text())
    Path("other.json").write_text(json.dumps({**found, "stack": "lab"}))
    assert "of a move from lab" in ran("move-users", "local", "--undo", "other.json", ends=2).output
    ran("move-users", "local", "--undo", "r.json", "--apply", "--report", "back.json")
    assert "not of a move" in ran("move-users", "local", "--undo", "back.json", "--apply", ends=2).output


@pytest.mark.parametrize("words", [(), ("--template", "--finish")])
def test_one_errand_at_a_time(state: State, words: tuple[str, ...]) -> None:
    assert "One of --template" in ran("move-users", "local", *words, ends=2).output


def test_a_cluster_that_does_not_answer_is_told_in_words(state: State) -> None:
    state.refused["get"] = "error: context does not exist"
    assert "the next run goes on" in moved("--apply", ends=2).output.replace("\n", " ")
