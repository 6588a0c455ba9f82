"""The deployed stack through the real engine: at rest, aware of what others change, its secrets kept."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator

import pytest

from tests.e2e.hub import NAMESPACE, Hub, make

pytestmark = pytest.mark.node

POLICY = "networkpolicy"
HEX = re.compile("(?:[0-9a-f]{2}){8,}")


def test_nothing_is_left_to_change_after_up(hub: Hub) -> None:
    done = hub.engine.attempt("preview", "--expect-no-changes")
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_up_again_changes_nothing() -> None:
    again = make("up")
    assert again.returncode == 0, again.stdout + again.stderr
    report = again.stdout.split("Resources:")[-1]
    assert "unchanged" in report
    assert not any(word in report for word in ("created", "updated", "replaced", "deleted"))


def test_what_someone_deletes_is_seen_by_refresh_and_restored_by_up(hub: Hub) -> None:
    name = hub.kubectl("get", POLICY, "-o", "name", "-l", "app.kubernetes.io/managed-by!=Helm").split()[0]
    hub.kubectl("delete", name)
    refreshed = hub.engine.attempt("refresh", "--yes", "--skip-preview")
    assert refreshed.returncode == 0, refreshed.stderr
    assert "1 deleted" in refreshed.stdout
    assert hub.engine.attempt("up", "--yes", "--skip-preview").returncode == 0
    assert hub.kubectl("get", name, "-o", "name").split() == [name]


@pytest.fixture
def foreign_map(hub: Hub) -> Iterator[str]:
    remove = ("delete", "configmap", "foreign", "--ignore-not-found")
    hub.kubectl(*remove)  # an interrupted run may have left it
    hub.kubectl("create", "configmap", "foreign", "--from-literal=who=someone-else")
    yield "foreign"
    hub.kubectl(*remove)


def test_an_object_that_someone_made_can_be_imported(hub: Hub, foreign_map: str) -> None:
    imported = hub.engine.attempt(
        "import",
        "kubernetes:core/v1:ConfigMap",
        foreign_map,
        f"{NAMESPACE}/{foreign_map}",
        "--yes",
        "--skip-preview",
        "--protect=false",
        "--generate-code=false",
    )
    assert imported.returncode == 0, imported.stdout + imported.stderr
    (found,) = [
        resource
        for resource in hub.state()["deployment"]["resources"]
        if resource["urn"].endswith(f"::{foreign_map}")
    ]
    assert found["id"] == f"{NAMESPACE}/{foreign_map}"
    assert found["inputs"]["data"] == {"who": "someone-else"}
    removed = hub.engine.attempt("state", "delete", found["urn"], "--yes")
    assert removed.returncode == 0, removed.stderr


def test_no_secret_is_in_plain_text_in_the_state(hub: Hub) -> None:
    secrets = json.loads(hub.kubectl("get", "secret", "-o", "json"))["items"]
    values = {
        base64.b64decode(value).decode(errors="ignore")
        for secret in secrets
        if secret["type"] != "helm.sh/release.v1"
        for key, value in (secret.get("data") or {}).items()
        # The certificate is public; values.yaml of the chart's Secret repeats the values, not only secrets.
        if not key.endswith((".crt", "values.yaml"))
    }
    values |= {hub.password}
    assert len(values) >= 5
    text = json.dumps(hub.state())
    encoded = [base64.b64encode(value.encode()).decode() for value in values]
    # A key that is shown in hex may lie somewhere as the bytes it stands for.
    encoded += [base64.b64encode(bytes.fromhex(value)).decode() for value in values if HEX.fullmatch(value)]
    leaked = [value[:4] + "..." for value in [*values, *encoded] if len(value) >= 8 and value in text]
    assert not leaked, f"{len(leaked)} secrets lie in plain text in the state"
