"""The audit trail of a real hub: what is told, by whom it was done, and what is never in it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import requests

from chart.values import build
from settings.smoke import SERVICE, USER
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import SCHEMA, Line, api, browser, lines, sign_in, told
from tests.unit.documents import EVERYTHING, PROJECT, patched, settings

TESTERS, ADMINISTRATORS = "what all testers type", "what administrators type: thirty-two and more"
ADDRESS = "203.0.113.7"
# A server of one name never starts, and what it says then is nobody's business.
_BROKEN = """
class Some(c.JupyterHub.spawner_class):
    async def start(self):
        if self.name == "broken":
            raise LookupError("the words of a fault")
        return await super().start()

c.JupyterHub.spawner_class = Some
role = {"name": "user", "scopes": ["self", "shares!user", "read:users:name", "read:groups:name"]}
c.JupyterHub.load_roles = [*c.JupyterHub.load_roles, role]
"""
# What must not be found in the trail, beside the passwords.
SECRETS: set[str] = set()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    # Administrators who may do everything, so that there is everything to tell.
    more_servers = {"everyone": {"profiles": ["all"], "servers": 9}}
    values = build(
        settings(patched(EVERYTHING, {"auth": {"adminAccess": True}, "capabilities": more_servers}))
    )
    passwords: dict[str, dict[str, Any]] = {
        "SharedPasswordAuthenticator": {"user_password": TESTERS, "admin_password": ADMINISTRATORS}
    }
    more = More(values=values, starts=True, then=_BROKEN)
    with running_hub(tmp_path_factory.mktemp("hub"), values["hub"], passwords, more) as running:
        yield running


@pytest.fixture(scope="module")
def ada(hub: RunningHub) -> requests.Session:
    return signed_in(hub, "ada", TESTERS)


@pytest.fixture(scope="module")
def eve(hub: RunningHub) -> requests.Session:
    return signed_in(hub, "eve", ADMINISTRATORS)


def signed_in(hub: RunningHub, name: str, password: str) -> requests.Session:
    session = browser(hub, ADDRESS)
    assert sign_in(hub, session, name, password).status_code == 302
    session.get(f"{hub.url}/hub/home", timeout=30)
    SECRETS.update(cookie.value or "" for cookie in session.cookies)
    return session


def since(hub: RunningHub, before: int, event: str) -> list[Line]:
    """Give the lines of an event after so many lines; a request is told of before its answer is complete."""
    time.sleep(0.3)
    return [line for line in lines(hub)[before:] if line["event"] == event]


def one(hub: RunningHub, before: int, event: str) -> Line:
    found = since(hub, before, event)
    assert len(found) == 1, found
    return found[0]


def test_the_process_tells_of_its_start(hub: RunningHub) -> None:
    start = told(hub, lambda line: line["event"] == "hub_start")
    assert (start["actor_kind"], start["hub"]) == ("hub", settings().ingress.host)


def test_a_sign_in_has_its_user_address_and_request(hub: RunningHub) -> None:
    before = len(lines(hub))
    session = browser(hub, f"198.51.100.9, {ADDRESS}")
    headers = {"X-Request-Id": "req-0123456789"}
    session.headers.update(headers)
    assert sign_in(hub, session, "Bob", TESTERS).status_code == 302
    line = one(hub, before, "sign_in")
    assert (line["outcome"], line["user"], line["reason"]) == ("success", "bob", None)
    assert line["address"] == ADDRESS
    assert line["forwarded"] == ["198.51.100.9", ADDRESS]
    assert line["upstream_request"] == "req-0123456789"
    assert line["request"]


@pytest.mark.parametrize(
    ("name", "password", "reason", "user"),
    [
        ("ada", "another password", "wrong_password", "ada"),
        ("eve", TESTERS, "wrong_password", "eve"),
        ("ada", ADMINISTRATORS, "wrong_password", "ada"),
        ("mallory", TESTERS, "not_allowed", "mallory"),
        (USER, TESTERS, "blocked", USER),
        ("a password in the wrong field", "x", "wrong_password", None),
    ],
)
def test_a_refusal_has_its_reason(
    hub: RunningHub, name: str, password: str, reason: str, user: str | None
) -> None:
    before = len(lines(hub))
    assert sign_in(hub, browser(hub, ADDRESS), name, password).status_code == 403
    line = one(hub, before, "sign_in")
    assert (line["outcome"], line["reason"], line["user"]) == ("refused", reason, user)
    assert line["address"] == ADDRESS


def test_a_form_of_another_page_is_refused_and_told(hub: RunningHub) -> None:
    before = len(lines(hub))
    form = {"username": "ada", "password": TESTERS}
    assert requests.post(f"{hub.url}/hub/login", data=form, timeout=30).status_code == 403
    line = one(hub, before, "sign_in")
    assert (line["outcome"], line["reason"], line["user"]) == ("refused", "form_expired", None)


def test_nothing_that_a_client_sends_makes_a_line_of_its_own(hub: RunningHub) -> None:
    before = len(lines(hub))
    forged = '\n{"audit":"v1","event":"sign_in","outcome":"success","user":"eve"}\u2028\x1b[2J\r'
    session = browser(hub, ADDRESS)
    session.headers["X-Request-Id"] = '"},{"x": 1}'
    session.headers["X-Forwarded-For"] = f'nobody"{{, 1.2.3.4;, {ADDRESS}'
    assert sign_in(hub, session, forged, "x").status_code == 403
    line = one(hub, before, "sign_in")
    assert (line["user"], line["upstream_request"], line["forwarded"]) == (None, None, [ADDRESS])
    before = len(lines(hub))
    assert sign_in(hub, session, forged, TESTERS).status_code == 403
    found = since(hub, before, "sign_in")
    assert [one["outcome"] for one in found] == ["refused"]
    assert not any('"user":"eve","actor"' in one for one in hub.log.read_text().splitlines()[-3:])


def test_a_sign_out_has_the_user_who_left(hub: RunningHub) -> None:
    before = len(lines(hub))
    signed_in(hub, "bob", TESTERS).get(f"{hub.url}/hub/logout", timeout=30)
    line = one(hub, before, "sign_out")
    assert (line["outcome"], line["user"], line["actor"], line["credential"]) == (
        "success",
        "bob",
        "bob",
        "cookie",
    )


def test_starts_and_stops_of_servers_have_who_asked(
    hub: RunningHub, ada: requests.Session, eve: requests.Session
) -> None:
    before = len(lines(hub))
    assert api(hub, ada, "POST", "/users/ada/server").status_code in {201, 202}
    start = told(hub, lambda line: line["event"] == "server_start" and line["user"] == "ada", 40)
    assert (start["outcome"], start["actor"], start["details"]["server"]) == ("success", "ada", "")
    assert api(hub, eve, "DELETE", "/users/ada/server").status_code in {202, 204}
    stop = told(hub, lambda line: line["event"] == "server_stop" and line["user"] == "ada", 40)
    assert (stop["outcome"], stop["actor"], stop["address"]) == ("success", "eve", ADDRESS)
    asked = since(hub, before, "api_request")
    assert [(line["actor"], line["user"]) for line in asked] == [("ada", "ada"), ("eve", "ada")]
    assert asked[1]["request"] == stop["request"]
    # A server's own token is made for it, and goes with it.
    tokens = [line["event"] for line in lines(hub)[before:] if line["details"].get("kind") == "server"]
    assert tokens == ["token_create", "token_revoke"]


def test_a_start_that_fails_is_told_without_its_words(hub: RunningHub, ada: requests.Session) -> None:
    api(hub, ada, "POST", "/users/ada/servers/broken")
    line = told(
        hub, lambda line: line["details"].get("server") == "broken" and line["event"] == "server_start"
    )
    assert (line["outcome"], line["reason"], line["actor"]) == ("failure", "LookupError", "ada")


def test_changes_by_administrators_are_asked_for_and_made(hub: RunningHub, eve: requests.Session) -> None:
    before = len(lines(hub))
    for method, path, body in (
        ("POST", "/users/grace", None),
        ("PATCH", "/users/grace", {"admin": True}),
        ("POST", "/groups/physics", None),
        ("POST", "/groups/physics/users", {"users": ["grace"]}),
        ("DELETE", "/groups/physics/users", {"users": ["grace"]}),
        ("DELETE", "/groups/physics", None),
        ("DELETE", "/users/grace", None),
    ):
        assert api(hub, eve, method, path, json=body).ok, (method, path)
    time.sleep(0.3)
    made = [line for line in lines(hub)[before:] if line["event"] != "api_request"]
    assert [(line["event"], line["user"], line["details"].get("group")) for line in made] == [
        ("user_create", "grace", None),
        ("role_grant", "grace", None),
        ("user_change", "grace", None),
        ("role_grant", "grace", None),
        ("group_create", None, "physics"),
        ("group_add", "grace", "physics"),
        ("group_remove", "grace", "physics"),
        ("group_delete", None, "physics"),
        ("user_delete", "grace", None),
    ]
    assert {line["actor"] for line in made} == {"eve"}
    assert made[2]["details"] == {"admin": True, "changed": ["admin"]}
    asked = since(hub, before, "api_request")
    assert [line["outcome"] for line in asked] == ["success"] * 7
    assert {line["request"] for line in made} <= {line["request"] for line in asked}


@pytest.mark.parametrize(
    ("method", "path", "user"),
    [
        ("POST", "/users/grace", "grace"),
        ("PATCH", "/users/ada", "ada"),
        ("DELETE", "/users/bob/server", "bob"),
        ("POST", "/users/bob/tokens", "bob"),
        ("POST", "/shutdown", None),
        ("POST", "/groups/physics", None),
    ],
)
def test_what_somebody_may_not_do_is_told_as_refused(
    hub: RunningHub, ada: requests.Session, method: str, path: str, user: str | None
) -> None:
    before = len(lines(hub))
    assert api(hub, ada, method, path, json={"admin": True}).status_code in {403, 404}
    line = one(hub, before, "api_request")
    assert (line["outcome"], line["actor"], line["user"]) == ("refused", "ada", user)


def test_a_service_is_known_by_the_number_of_its_token(hub: RunningHub) -> None:
    before = len(lines(hub))
    assert hub.ask("POST", f"/users/{USER}", SERVICE).status_code == 201
    assert hub.ask("DELETE", "/users/ada", SERVICE).status_code in {403, 404}
    assert hub.ask("DELETE", f"/users/{USER}", SERVICE).status_code == 204
    asked = since(hub, before, "api_request")
    assert [line["outcome"] for line in asked] == ["success", "refused", "success"]
    assert {(line["actor"], line["actor_kind"]) for line in asked} == {(SERVICE, "service")}
    assert all(line["credential"].startswith("token a") for line in asked)
    assert one(hub, before, "user_create")["actor"] == SERVICE


def test_tokens_are_told_by_number_and_never_by_text(
    hub: RunningHub, ada: requests.Session, eve: requests.Session
) -> None:
    before = len(lines(hub))
    note = "a note in which somebody keeps what is secret"
    body = {"note": note, "expires_in": 3600, "scopes": ["list:users"]}
    made = api(hub, eve, "POST", "/users/eve/tokens", json=body).json()
    short = api(hub, ada, "POST", "/users/ada/tokens", json={"expires_in": 1}).json()
    SECRETS.update((made["token"], short["token"], note))
    line = since(hub, before, "token_create")[0]
    assert (line["user"], line["actor"]) == ("eve", "eve")
    assert line["details"]["token"] == made["id"]
    assert line["details"]["scopes"] == ["list:users"]
    assert line["details"]["expires"]
    headers = {"Authorization": f"token {made['token']}"}
    requests.post(f"{hub.url}/hub/api/users/x", headers=headers, timeout=30)
    assert since(hub, before, "api_request")[-1]["credential"] == f"token {made['id']}"
    # Somebody takes the text of a token for its number.
    api(hub, eve, "DELETE", f"/users/eve/tokens/{made['token']}")
    assert api(hub, eve, "DELETE", f"/users/eve/tokens/{made['id']}").status_code == 204
    revoked = one(hub, before, "token_revoke")
    assert (revoked["details"]["token"], revoked["reason"]) == (made["id"], None)


def test_the_api_takes_a_password_for_a_first_token_and_that_is_told(hub: RunningHub) -> None:
    for password, status, outcome in ((TESTERS, 201, "success"), ("of nobody here", 403, "refused")):
        before = len(lines(hub))
        body = {"auth": {"username": "ada", "password": password}, "expires_in": 60}
        answer = requests.post(f"{hub.url}/hub/api/users/ada/tokens", json=body, timeout=30)
        assert answer.status_code == status
        SECRETS.add(answer.json().get("token", password))
        asked = one(hub, before, "api_request")
        assert (asked["outcome"], asked["user"]) == (outcome, "ada")
        assert asked["credential"] == ("password" if outcome == "success" else None)
        assert asked["reason"] == (None if outcome == "success" else "wrong_password")


def test_shares_are_told_also_where_one_statement_removes_them_all(
    hub: RunningHub, ada: requests.Session
) -> None:
    before = len(lines(hub))
    assert api(hub, ada, "POST", "/shares/ada/", json={"user": "bob"}).ok
    code = api(hub, ada, "POST", "/share-codes/ada/").json()
    SECRETS.add(code["code"])
    assert api(hub, ada, "DELETE", "/share-codes/ada/").status_code == 204
    assert api(hub, ada, "DELETE", "/shares/ada/").status_code == 204
    time.sleep(0.3)
    found = [line for line in lines(hub)[before:] if line["event"].startswith("share")]
    assert [line["event"] for line in found] == [
        "share_create",
        "share_code_create",
        "share_code_revoke",
        "share_revoke",
    ]
    assert found[0]["details"]["shared_with"] == "bob"
    assert found[3]["details"]["shared_with"] == "bob"
    assert {line["user"] for line in found} == {"ada"}


def test_a_shutdown_has_who_asked_and_the_end(hub: RunningHub, eve: requests.Session) -> None:
    before = len(lines(hub))
    assert api(hub, eve, "POST", "/shutdown", json={"servers": False}).status_code == 202
    told(hub, lambda line: line["event"] == "hub_stop", 40)
    asked = one(hub, before, "api_request")
    assert (asked["actor"], asked["details"]["handler"]) == ("eve", "ShutdownAPIHandler")


def test_every_line_is_what_the_schema_says(hub: RunningHub) -> None:
    checker = jsonschema.Draft202012Validator(SCHEMA)
    found = lines(hub)
    assert len(found) > 60
    for line in found:
        checker.validate(line)
    assert "AUDIT TRAIL" not in hub.log.read_text()


def test_no_secret_is_in_the_trail(hub: RunningHub) -> None:
    trail = "\n".join(one for one in hub.log.read_text().splitlines() if one.startswith('{"audit"'))
    assert len(SECRETS) > 6
    for secret in {
        *SECRETS,
        *hub.tokens.values(),
        TESTERS,
        ADMINISTRATORS,
        "another password",
        "the words of",
    }:
        assert secret not in trail
    assert "a password in the wrong field" not in trail


_DATABASE = """
import os, sys
sys.path.insert(0, "files/hub")
from audit_database import watch_database
from audit_record import open_trail, record
from jupyterhub import orm
from prometheus_client import REGISTRY

def lost():
    return REGISTRY.get_sample_value("jupyterhub_audit_failures_total")

open_trail("h", 1)
watch_database()
db = orm.new_session_factory("sqlite:///:memory:")()
db.add(orm.User(name="never"))
db.flush()
db.rollback()
db.add(orm.User(name="there"))
db.commit()
assert lost() == 0
read, write = os.pipe()
os.close(read)
open_trail("h", write)
record("hub_stop", "success")
db.add(orm.User(name="untold"))
db.commit()
assert lost() == 2, lost()
assert db.query(orm.User).count() == 2
"""


def test_what_was_not_kept_is_not_told_and_a_full_pipe_stops_nothing() -> None:
    command = [sys.executable, "-c", _DATABASE]
    ran = subprocess.run(
        command, cwd=PROJECT, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert '"user":"there"' in ran.stdout
    assert "never" not in ran.stdout
    assert ran.stderr.count("AUDIT TRAIL: a record of") == 2
