"""What `ops move-users` asks of a hub's pod, beside a real hub and with the real KubeSpawner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from asyncio import run
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from kubespawner import KubeSpawner
from traitlets.config import Config

from chart.values import build
from settings.break_glass import USER
from tests.hub.running import More, RunningHub, running_hub
from tests.hub.trail import api, browser, lines, sign_in
from tests.unit.documents import EVERYTHING, PROJECT, Document, settings

SCRIPT = PROJECT / "files" / "hub" / "moving.py"
sys.path.insert(0, str(SCRIPT.parent))
import moving  # noqa: E402

PASSWORD = "what all testers type"
OID = "1a2b3c4d-5e6f-4708-9910-a1b2c3d4e5f6"
# As it is run in the pod, whose output is the hub's log here.
_BEFORE = """
import os, sys
sys.path.insert(0, "files")
import audit_record
audit_record.output = lambda: os.open({log!r}, os.O_WRONLY | os.O_APPEND)
"""


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    values = build(settings(EVERYTHING))
    passwords: Document = {"SharedPasswordAuthenticator": {"user_password": PASSWORD}}
    more = More(values=values, starts=True)
    with running_hub(tmp_path_factory.mktemp("hub"), values["hub"], passwords, more) as running:
        yield running


def told(hub: RunningHub, **errand: object) -> Any:  # noqa: ANN401 -- JSON
    script = _BEFORE.format(log=str(hub.log)) + SCRIPT.read_text().replace(
        "from __future__ import annotations", ""
    )
    script += f"\nanswer(json.loads({json.dumps(errand)!r}), '.')\n"
    done = subprocess.run(
        [sys.executable, "-", "move-users"],
        input=script,
        cwd=hub.log.parent,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_servers_stop_and_the_account_goes_with_what_was_made_in_its_name(hub: RunningHub) -> None:
    session = browser(hub)
    assert sign_in(hub, session, "ada", PASSWORD).status_code == 302
    session.get(f"{hub.url}/hub/home", timeout=30)
    token = api(
        hub, session, "POST", "/users/ada/tokens", json={"note": "of whoever knew the password"}
    ).json()
    assert api(hub, session, "POST", "/users/ada/server").status_code in {201, 202}
    (found,) = [one for one in told(hub, errand="facts", wanted=[])["users"] if one["name"] == "ada"]
    assert found["tokens"] == 1, "tokens that the hub makes for its own ends are not counted"
    assert [one["running"] for one in found["servers"]] == [True]

    assert told(hub, errand="stop", users=["ada"], operator="carol") == {"left": {}}
    assert api(hub, session, "GET", "/users/ada").json()["servers"] == {}
    assert told(hub, errand="remove", users=["ada", "nobody"], operator="carol") == {"left": {}}
    mine = {"Authorization": f"token {token['token']}"}
    assert requests.get(f"{hub.url}/hub/api/user", headers=mine, timeout=30).status_code == 403
    assert session.get(f"{hub.url}/hub/api/users/ada", timeout=30).status_code in {403, 404}


def test_it_is_on_record_its_token_is_gone_and_the_hub_is_known(hub: RunningHub) -> None:
    before = len(lines(hub))
    assert told(hub, errand="remove", users=["nobody"], operator="carol@example.org") == {"left": {}}
    made = [line for line in lines(hub)[before:] if line["event"] == "break_glass"]
    told_by = [(line["details"]["purpose"], line["actor"], line["actor_kind"]) for line in made]
    assert told_by == [("ops move-users", "carol@example.org", "operator")]
    found = told(hub, errand="facts", wanted=[["ada", ""]])
    users = {one["name"]: one for one in found["users"]}
    assert users[USER]["tokens"] == 0
    assert "ada" not in users
    assert found["acts"] is True
    # This hub's spawner makes processes, and no claims.
    assert found["claims"] is False
    assert found["homes"] == [{"user": "ada", "server": "", "claim": "", "labels": {}, "annotations": {}}]


class _Beside:
    """A hub with the real KubeSpawner, and no user yet."""

    spawner_class = KubeSpawner

    def __init__(self, **traits: Any) -> None:  # noqa: ANN401 -- traitlets
        self.config = Config({"KubeSpawner": {"storage_pvc_ensure": True, **traits}})


def named(monkeypatch: pytest.MonkeyPatch, name: str, server: str = "", **traits: Any) -> Any:  # noqa: ANN401 -- JSON
    for part in ("load_config", "shared_client"):
        monkeypatch.setattr(f"kubespawner.spawner.{part}", lambda *_, **__: None)

    async def asked() -> Any:  # noqa: ANN401 -- JSON
        return moving._home(_Beside(**traits), name, server), moving._makes_claims(_Beside(**traits))

    return run(asked())


@pytest.mark.parametrize(
    ("name", "server", "claim"),
    [
        ("alice", "", "claim-alice"),
        (OID, "", "claim-x-1a2b3c4d-5e6f-4--x---b24f7fa4"),
        (OID, "gpu", "claim-x-1a2b3c4d-5e6f-4--gpu---c836cb5f"),
    ],
)
def test_claims_are_called_as_the_spawner_calls_them(
    monkeypatch: pytest.MonkeyPatch, name: str, server: str, claim: str
) -> None:
    found, makes = named(monkeypatch, name, server)
    assert makes
    assert found["claim"] == claim
    assert found["annotations"]["hub.jupyter.org/username"] == name
    assert found["labels"]["component"] == "singleuser-storage"


@pytest.mark.parametrize(
    ("traits", "makes", "claim"),
    [
        ({"slug_scheme": "escape"}, True, "claim-1a2b3c4d-2d5e6f-2d4708-2d9910-2da1b2c3d4e5f6"),
        ({"pvc_name_template": "claim-{username}-{userid}"}, True, ""),
        ({"pvc_name_template": "everybody"}, False, "everybody"),
        ({"storage_pvc_ensure": False}, False, "claim-x-1a2b3c4d-5e6f-4--x---b24f7fa4"),
        ({"enable_user_namespaces": True}, False, "claim-x-1a2b3c4d-5e6f-4--x---b24f7fa4"),
    ],
)
def test_the_hub_s_own_settings_count(
    monkeypatch: pytest.MonkeyPatch, traits: dict[str, Any], makes: bool, claim: str
) -> None:
    found, told_ = named(monkeypatch, OID, **traits)
    assert told_ is makes
    assert found["claim"] == claim
