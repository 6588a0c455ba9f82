"""What an administrator may do in a real hub, by scopes and by every detour, and what an emergency opens."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chart.values import build
from settings.break_glass import USER
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import api, browser, lines, sign_in
from tests.unit.documents import EVERYTHING, Document, patched, settings

TESTERS, ADMINISTRATORS = "what all testers type", "what administrators type: thirty-two and more"


def a_hub(folder: Any, patch: Document) -> Any:  # noqa: ANN401 -- a context manager
    values = build(settings(patched(EVERYTHING, patch)))
    passwords: dict[str, dict[str, Any]] = {
        "SharedPasswordAuthenticator": {"user_password": TESTERS, "admin_password": ADMINISTRATORS}
    }
    return running_hub(folder, values["hub"], passwords, More(values=values, starts=True))


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    with a_hub(tmp_path_factory.mktemp("hub"), {}) as running:
        yield running


def eve(hub: RunningHub) -> requests.Session:
    session = browser(hub)
    assert sign_in(hub, session, "eve", ADMINISTRATORS).status_code == 302
    session.get(f"{hub.url}/hub/home", timeout=30)
    return session


def scopes(hub: RunningHub, session: requests.Session) -> set[str]:
    return set(api(hub, session, "GET", "/user").json()["scopes"])


def test_an_administrator_does_not_open_servers_of_others_by_any_way(hub: RunningHub) -> None:
    session = eve(hub)
    held = scopes(hub, session)
    assert not any(scope.startswith("access:servers") and "eve" not in scope for scope in held), held
    for method, path, body in (
        ("POST", "/users/ada/tokens", None),
        ("POST", "/shares/ada/", {"user": "eve"}),
        ("POST", "/share-codes/ada/", None),
        ("PATCH", "/users/ada", {"name": "eve2"}),
        ("PATCH", "/users/eve", {"name": "ada2"}),
        ("POST", "/users/mallory", {"admin": True}),
        ("POST", "/groups/g", None),
        ("POST", "/groups/g/users", {"users": ["eve"]}),
        ("POST", "/services/mine", {"url": "http://127.0.0.1:1"}),
        ("PATCH", "/proxy", {"api_url": "http://127.0.0.1:1"}),
    ):
        assert api(hub, session, method, path, json=body).status_code in {403, 404}, (method, path)
    assert "auth_state" not in api(hub, session, "GET", "/users/ada").json()


def test_an_administrator_runs_the_hub(hub: RunningHub) -> None:
    session = eve(hub)
    assert session.get(f"{hub.url}/hub/admin", timeout=30).status_code == 200
    names = {user["name"] for user in api(hub, session, "GET", "/users").json()}
    assert {"ada", "bob", "eve"} <= names
    assert api(hub, session, "POST", "/users/ada/server").status_code in {201, 202}
    time.sleep(3)
    assert api(hub, session, "DELETE", "/users/ada/server").status_code in {202, 204}
    assert api(hub, session, "DELETE", "/users/bob").status_code == 204
    assert api(hub, session, "GET", "/info").status_code == 200


def test_the_settings_may_say_otherwise(tmp_path: Any) -> None:  # noqa: ANN401
    with a_hub(tmp_path, {"auth": {"adminAccess": True}}) as running:
        assert "access:servers" in scopes(running, eve(running))


# As `ops break-glass` runs it in the pod, whose output is the hub's log here.
_RUN = """
import os, sys
sys.path.insert(0, "files")
import audit_record
audit_record.output = lambda: os.open({log!r}, os.O_WRONLY | os.O_APPEND)
import break_glass
sys.exit(break_glass.main(sys.argv[1:], "jupyterhub_config.py"))
"""


def glass(hub: RunningHub, *words: str) -> Any:  # noqa: ANN401 -- JSON
    command = [sys.executable, "-c", _RUN.format(log=str(hub.log)), *words, "--operator", "carol"]
    ran = subprocess.run(
        command, cwd=hub.log.parent, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    return json.loads(ran.stdout)


def asked(hub: RunningHub, token: str, method: str, path: str) -> int:
    headers = {"Authorization": f"token {token}"}
    return requests.request(method, f"{hub.url}/hub/api{path}", headers=headers, timeout=30).status_code


def test_a_broken_glass_opens_everything_for_its_time_and_is_on_record(hub: RunningHub) -> None:
    before = len(lines(hub))
    made = glass(hub, "make", "--minutes", "5", "--purpose", "the provider is away")
    token = made["token"]
    assert asked(hub, token, "POST", "/users/ada/tokens") == 201
    assert asked(hub, token, "POST", "/users/helper") == 201
    (listed,) = glass(hub, "list")["tokens"]
    assert listed["id"] == made["id"]
    assert listed["expires"] == made["expires"]
    told = [line for line in lines(hub)[before:] if line["event"] == "break_glass"]
    assert [(line["actor"], line["actor_kind"], line["details"]["purpose"]) for line in told] == [
        ("carol", "operator", "the provider is away")
    ]
    assert told[0]["details"]["token"] == made["id"]
    used = [line for line in lines(hub)[before:] if line["credential"] == f"token {made['id']}"]
    assert {line["actor"] for line in used} == {USER}
    assert token not in hub.log.read_text()
    assert sign_in(hub, browser(hub), USER, TESTERS).status_code == 403


def test_a_revoked_one_opens_nothing(hub: RunningHub) -> None:
    before = len(lines(hub))
    made = glass(hub, "make", "--purpose", "x")
    assert asked(hub, made["token"], "GET", "/users") == 200
    assert made["id"] in glass(hub, "revoke")["revoked"]
    assert asked(hub, made["token"], "GET", "/users") == 403
    events = [line["event"] for line in lines(hub)[before:]]
    assert "token_revoke" in events
    assert glass(hub, "list") == {"tokens": []}


def test_it_ends_by_itself(hub: RunningHub) -> None:
    made = glass(hub, "make", "--minutes", "1", "--purpose", "x")
    (listed,) = glass(hub, "list")["tokens"]
    assert listed["expires"] > listed["created"]
    assert asked(hub, made["token"], "GET", "/users") == 200
    with sqlite3.connect(hub.log.parent / "jupyterhub.sqlite") as database:
        ended = "UPDATE api_tokens SET expires_at = '2026-01-01 00:00:00.000000' WHERE id = ?"
        database.execute(ended, (made["id"][1:],))
    assert asked(hub, made["token"], "GET", "/users") == 403
    with pytest.raises(AssertionError):
        glass(hub, "make", "--minutes", "481", "--purpose", "x")
    with pytest.raises(AssertionError):
        glass(hub, "make", "--minutes", "0", "--purpose", "x")
    assert made["id"] in glass(hub, "revoke")["revoked"]
