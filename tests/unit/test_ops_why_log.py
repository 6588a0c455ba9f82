"""`ops why` and the hub's log: known lines with their next command, unknown ones shown, nothing secret."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ops.why.cause import Ref
from ops.why.facts import Event, Log
from ops.why.judge import judged
from ops.why.log import records
from ops.why.masking import COVER, masked
from ops.why.rules.lines import LINES
from ops.why.telling import notes, told
from tests.unit.why_facts import NOW, facts, hub_pod, hub_said, only

STAMP = "2026-11-21 21:01:42.000 JupyterHub"


def logged(level: str, text: str) -> str:
    """Write a record as JupyterHub does: what belongs to it is indented."""
    return f"[{level} {STAMP} app:1] " + text.replace("\n", "\n    ")


def traced(error: str, *frames: str) -> str:
    inner = "\n".join(f'  File "{frame}' for frame in frames)
    return logged("E", f"\nTraceback (most recent call last):\n{inner}\n{error}")


REFUSED = 'connection to server at "10.0.0.5", port 5432 failed:'
CALLBACK = 'jupyterhub/handlers.py", line 1, in get\n    Uncaught exception GET /hub/oauth_callback'
# As JupyterHub 5.5.4, oauthenticator 17.4, kubespawner 7 and libpq 15 write them.
SAID = {
    "database-schema": "Found database schema version 833da8570507 != 4621fec11365. Backup your database "
    "and run `jupyterhub upgrade-db` to upgrade to the latest schema.",
    "database-unreachable": logged(
        "E", "Failed to connect to db: postgresql+psycopg2://hub@db.example.org/hub"
    ),
    "database-password": traced(
        f'OperationalError: {REFUSED} FATAL:  password authentication failed for user "hub"'
    ),
    "database-missing": traced(f'OperationalError: {REFUSED} FATAL:  database "jupyterhub" does not exist'),
    "database-access": traced(
        f'OperationalError: {REFUSED} FATAL:  no pg_hba.conf entry for host "10.0.0.9"'
    ),
    "database-certificate": traced(
        f"psycopg2.OperationalError: {REFUSED} SSL error: certificate verify failed"
    ),
    "database-host": traced(
        'OperationalError: could not translate host name "db.example.org" to address: Name'
    ),
    "database-refused": traced(f"OperationalError: {REFUSED} Connection refused\n\tIs the server running"),
    "database-timeout": traced(f"OperationalError: {REFUSED} timeout expired"),
    "database-full": traced(f"OperationalError: {REFUSED} FATAL:  sorry, too many clients already"),
    "database-disk": traced("sqlite3.OperationalError: database or disk is full"),
    "database-file": traced("sqlite3.OperationalError: attempt to write a readonly database"),
    "client-secret-expired": logged(
        "E",
        "Error getting oauth token 401 POST https://login.example.org/token: {\n"
        ' "error": "invalid_client",\n "error_description": "AADSTS7000222: The secret is expired."\n}',
    ),
    "client-secret-wrong": logged(
        "E",
        "Error getting oauth token 401 POST https://login.example.org/token: {\n"
        ' "error_description": "AADSTS7000215: Invalid client secret provided."\n}',
    ),
    "redirect-uri": logged(
        "W",
        "400 GET /hub/oauth_callback (10.0.0.1): OAuth error: AADSTS50011: The redirect URI "
        "'https://h.example.org/hub/oauth_callback' specified in the request does not match",
    ),
    "client-unknown": logged(
        "W", "400 GET /hub/oauth_callback: OAuth error: AADSTS700016: Application not found"
    ),
    "not-assigned": logged(
        "W", "400 GET /hub/oauth_callback: OAuth error: AADSTS50105: not assigned to a role"
    ),
    "consent": logged("W", "400 GET /hub/oauth_callback: OAuth error: AADSTS65001: has not consented"),
    "conditional-access": logged(
        "W", "400 GET /hub/oauth_callback: OAuth error: AADSTS53003: Access has been blocked"
    ),
    "provider-certificate": traced(
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed",
        'oauthenticator/oauth2.py", line 850, in httpfetch',
    ),
    "provider-unreachable": logged(
        "E", "Error getting oauth token 599 POST https://login.example.org/token: Timeout"
    ),
    "groups-unmanaged": traced(
        "ValueError: AzureAdOAuthenticator.allowed_groups requires "
        "AzureAdOAuthenticator.manage_groups to also be set"
    ),
    "nobody-allowed": logged("W", "No allow config found, it's possible that nobody can login\nYou can set"),
    "crypt-keys": traced("ValueError: Encryption keys must be 32 bytes, hex or base64-encoded."),
    "crypt-key-gone": logged("W", "Failed to retrieve encrypted auth_state for ada because InvalidToken()"),
    "cookie-secret": logged(
        "E", "Refusing to run JupyterHub with invalid cookie_secret_file. /x error was: odd length"
    ),
    "setting-refused": logged(
        "C",
        "Bad config encountered during initialization: The 'concurrent_spawn_limit' trait of "
        "a JupyterHub instance expected an int, not the str 'many'.",
    ),
    "value-refused": traced(
        "KeyError: 'NOT_THERE'", 'traitlets/config/application.py", line 959, in load_config_file'
    ),
    "proxy-token": traced("HTTP 403: Forbidden", 'jupyterhub/proxy.py", line 989, in get_all_routes'),
    "proxy-unreachable": traced(
        "ConnectionRefusedError: [Errno 111] Connection refused",
        'jupyterhub/proxy.py", line 989, in get_all_routes',
    ),
    "api-rights": traced(
        'ApiException: (403) {"message":"pods is forbidden: User \\"system:serviceaccount:hub:hub\\" '
        'cannot list resource \\"pods\\" in API group"}'
    ),
    "api-refused": traced("ClientConnectorError: Cannot connect to host 10.96.0.1:443 ssl:default [refused]"),
    "spawns-failed": logged("C", "Aborting due to 20 consecutive spawn failures"),
    "server-timeout": logged("W", "ada's server failed to start in 300 seconds, giving up."),
    "server-silent": logged(
        "W", "ada's server never showed up at http://10.0.0.8:8888/user/ada/ after 30 seconds. Giving up."
    ),
    "claim-refused": traced("TimeoutError: Could not create PVC claim-ada"),
    "sign-in-expired": logged("E", "Auth expired for ada; cannot spawn until they login again"),
    "server-error": logged("E", "Unhandled error starting ada's server: 'x'"),
}


def test_every_known_line_has_its_example() -> None:
    assert set(SAID) == {line.rule for line in LINES}


@pytest.mark.parametrize("rule", sorted(SAID))
@pytest.mark.parametrize("ready", [True, False])
def test_a_known_line_is_told_with_what_follows_and_the_next_command(rule: str, ready: bool) -> None:
    found = [root.cause for root in judged(hub_said(SAID[rule], ready=ready))]
    (cause,) = [one for one in found if one.rule == rule]
    assert cause.commands
    assert cause.follows
    assert "{" not in cause.what + cause.follows + cause.advice
    assert cause.says
    assert cause.when


def test_a_line_that_keeps_the_hub_from_coming_up_explains_its_crashing_pod() -> None:
    pod = dict(hub_pod(ready=False))
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-11-21T21:02:00Z"}
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    status = {"name": "hub", "restartCount": 4, "state": waiting, "lastState": {"terminated": ended}}
    pod["status"] = {"phase": "Running", "containerStatuses": [status]}
    seen = hub_said(SAID["database-schema"], ready=False)
    (root,) = judged(replace(seen, objects={"pods": [pod]}))
    assert root.cause.rule == "database-schema"
    assert "833da8570507" in root.cause.what
    assert [one.rule for one in root.consequences] == ["crash"]


def test_the_first_reason_of_a_failed_start_counts_and_a_refusal_is_read_in_it() -> None:
    words = 'pods "jupyter-ada" is forbidden: exceeded quota: jupyterhub, requested: limits.memory=2Gi, '
    words += "used: limits.memory=8Gi, limited: limits.memory=8Gi"
    body = '{"kind":"Status","message":"' + words.replace('"', '\\"') + '","reason":"Forbidden"}'
    cause = only(
        hub_said(
            logged("E", f"Unhandled error starting ada's server: (403)\nReason: Forbidden\nHTTP body: {body}")
        )
    )
    assert cause.about == Ref("Server", "ada")
    assert cause.what.startswith("the quota jupyterhub is full: it asks for limits.memory=2Gi")
    assert "describe resourcequota jupyterhub" in cause.commands[0]


def test_errors_of_a_start_that_is_over_do_not_matter_and_those_of_a_hub_that_is_down_do() -> None:
    later = f"[I {STAMP} app:3800] JupyterHub is now running, internal Hub API at http://hub:8081/hub/"
    assert judged(hub_said(SAID["proxy-unreachable"], later)) == []
    assert only(hub_said(later, SAID["proxy-unreachable"])).rule == "proxy-unreachable"


def test_a_line_of_long_ago_is_left_out_unless_it_holds_as_long_as_the_hub_runs() -> None:
    later = NOW + timedelta(hours=3)
    assert judged(replace(hub_said(SAID["redirect-uri"]), now=later)) == []
    assert only(replace(hub_said(SAID["nobody-allowed"]), now=later)).rule == "nobody-allowed"


def test_the_run_before_counts_while_the_hub_is_down_and_no_longer_when_it_is_up() -> None:
    previous = [Log("hub-1", "hub", f"2026-11-21T21:01:00Z {SAID['database-schema']}", previous=True)]
    assert only(facts(objects={"pods": [hub_pod(ready=False)]}, logs=previous)).rule == "database-schema"
    assert judged(facts(objects={"pods": [hub_pod()]}, logs=previous)) == []


def test_the_callback_to_register_is_written_out() -> None:
    assert (
        "Register https://jupyterhub.localhost:8443/hub/oauth_callback"
        in only(hub_said(SAID["redirect-uri"])).advice
    )


# What nobody knows ---------------------------------------------------------------------------------

UNKNOWN = traced("ZeroDivisionError: division by zero", 'x.py", line 1, in f')


def test_unknown_errors_of_a_hub_that_is_down_are_shown_by_their_last_words() -> None:
    cause = only(hub_said(UNKNOWN, ready=False))
    assert cause.rule == "hub-errors"
    assert cause.lines == ("ZeroDivisionError: division by zero",)


def test_unknown_errors_of_a_hub_that_serves_are_no_finding_and_are_said() -> None:
    seen = hub_said(UNKNOWN)
    assert judged(seen) == []
    assert "ZeroDivisionError" in notes(seen)[0]
    assert "ZeroDivisionError" in "\n".join(line.plain for line in told([], seen))


def test_a_record_ends_where_the_next_begins() -> None:
    log = Log(
        "hub-1", "hub", "\n".join([logged("I", "one"), UNKNOWN, "bare words", logged("W", "two\nand more")])
    )
    assert [one.level for one in records(log)] == ["I", "E", " ", "W"]
    assert [one.words for one in records(log)][1:3] == ["ZeroDivisionError: division by zero", "bare words"]


# What must stay secret -----------------------------------------------------------------------------

SECRETS = {
    "hub token": (
        "Authorization: token 0f4c2ab19d3e4b5f8a7c6d5e4f3a2b1c",
        "0f4c2ab19d3e4b5f8a7c6d5e4f3a2b1c",
    ),
    "bearer": ("header Bearer abcDEF123.ghiJKL456_789", "abcDEF123.ghiJKL456_789"),
    "password in an address": ("postgresql+psycopg2://hub:hunter2@db:5432/hub", "hunter2"),
    "password": ('password="correct horse battery"', "correct horse battery"),
    "yaml": ("  admin_password: sesame-open-1", "sesame-open-1"),
    "json": ('{"client_secret": "abc8Q~defGHI.jkl", "a": 1}', "abc8Q~defGHI.jkl"),
    "code of a callback": ("GET /hub/oauth_callback?code=4/0AfgeXvs_xyz&state=eyJzdGF0ZSI", "4/0AfgeXvs_xyz"),
    "state of a callback": ("GET /hub/oauth_callback?code=1&state=st4te-of-it", "st4te-of-it"),
    "cookie": ("Cookie: _xsrf=2|abc; jupyterhub-session-id=deadbeef", "deadbeef"),
    "set-cookie": ("'Set-Cookie': 'jupyterhub-hub-login=\"2|1:0|10:17\"; Path=/'", "2|1:0|10:17"),
    "web token": ("got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl back", "eyJzdWIiOiJhZGEifQ"),
    "key in hexadecimal": (f"keys are {'0123456789abcdef' * 4}", "0123456789abcdef" * 4),
    "key in base64": (
        "key Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1A= here",
        "Zm9vYmFyMTIzNDU2Nzg5MEFCQ0RFRkdISUpLTE1OT1A",
    ),
    "private key": ("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "MIIEvQ"),
    "github": (
        "token ghp_abcdefghijklmnopqrstuvwxyz0123456789 used",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    ),
    "tunnel": ("--token eyJhIjoiMTIzNDU2Nzg5MCJ9abcdef", "eyJhIjoiMTIzNDU2Nzg5MCJ9abcdef"),
    "s3": ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI/K7MDENG"),
}


@pytest.mark.parametrize("kind", sorted(SECRETS))
def test_no_secret_of_a_log_or_a_message_is_repeated(kind: str) -> None:
    text, value = SECRETS[kind]
    assert value in text
    assert value not in masked(text)
    assert COVER in masked(text)
    pod = dict(hub_pod(ready=False))
    message = Event(Ref("Pod", "hub-1"), "FailedMount", text, warning=True, when=NOW, count=1)
    seen = replace(
        hub_said(traced(f"ValueError: {text}"), ready=False), events=[message], objects={"pods": [pod]}
    )
    roots = judged(seen)
    assert roots
    assert value not in "\n".join(line.plain for line in told(roots, seen))
    assert value not in repr(roots)


@pytest.mark.parametrize(
    "text",
    [
        "rpc error: code = NotFound desc = failed to pull",
        "container ended with exit code: 137",
        'couldn\'t find key clientSecret in Secret hub/half, secret "oauth-client" not found',
        "notebook@sha256:" + "ab" * 32,
        "pods jupyter-ada---4f3a2b1c of node worker-1.example.org at 10.0.0.8:8888",
        "AADSTS7000215: Trace ID: 3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "exceeded quota: jupyterhub, requested: limits.memory=2Gi, used: limits.memory=0",
    ],
)
def test_what_says_what_happened_is_not_covered(text: str) -> None:
    assert masked(text) == text
