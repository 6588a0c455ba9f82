"""The outputs: what they say for each kind of stack; each is documented, none gives a secret away."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.unit.deployed import ADMIN, deployed, full, local, of_stack
from tests.unit.documents import PROJECT, STACKS, settings_of

ROW = re.compile(r"^\| (?P<names>`[^|]*`) \|", re.MULTILINE)


def documented() -> set[str]:
    page = (PROJECT / "docs" / "outputs.md").read_text()
    return {name for row in ROW.finditer(page) for name in re.findall(r"`(\w+)`", row["names"])}


def everywhere() -> list[dict[str, Any]]:
    shared = deployed(
        {
            "cluster": {"gpu": "nvidia"},
            "gpu": {"sharing": {"kind": "timeSlices", "replicas": 4}},
            "ingress": {"userSubdomains": True},
        }
    )[1]
    return [local()[1], full()[1], shared, *(of_stack(stack)[1] for stack in STACKS)]


def test_every_output_has_its_row_and_every_row_its_output() -> None:
    assert {name for outputs in everywhere() for name in outputs} == documented()


def test_they_say_how_to_get_in() -> None:
    outputs = local()[1]
    assert outputs["url"] == "https://jupyterhub.localhost:8443"
    assert outputs["profiles"] == ["CPU-only", "GPU-standard", "GPU-large"]
    assert outputs["password"] == "random-shared-password-1"
    assert full()[1]["url"] == "http://jupyterhub.localhost"
    assert full()[1]["signIn"]["users"] == ["ada", "bob"]
    assert full()[1]["signIn"]["administrators"] == ["eve"]
    assert full()[1]["adminPassword"] == ADMIN


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("aiv-prod", "https://jupyterhub.aiv.internal/hub/oauth_callback"),
        ("lab", "https://jupyterhub.yourcompany.com/hub/oauth_callback"),
        ("carbon254", "https://jupyter.254carbon.com/hub/oauth_callback"),
        ("iav-test", None),
    ],
)
def test_the_callback_is_the_address_to_register(stack: str, expected: str | None) -> None:
    assert of_stack(stack)[1].get("callbackUrl") == expected


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("local", {"provider": "sharedPassword", "users": "any name, such as ada", "administrators": []}),
        (
            "lab",
            {
                "provider": "github",
                "groups": {
                    "members": "your-organisation:data-science",
                    "admins": "your-organisation:jupyterhub-admins",
                },
                "administrators": ["admins"],
            },
        ),
        (
            "carbon254",
            {
                "provider": "cloudflare",
                "groups": {"users": "jupyter-users", "admins": "jupyter-admins"},
                "administrators": ["admins"],
            },
        ),
    ],
)
def test_who_may_sign_in_is_said_as_the_settings_say_it(stack: str, expected: dict[str, Any]) -> None:
    assert of_stack(stack)[1]["signIn"] == expected


def test_a_tunnel_s_service_is_what_cloudflare_asks_for() -> None:
    assert of_stack("lab")[1]["tunnelService"] == "http://proxy-public.jupyterhub-test:80"
    assert "tunnelService" not in of_stack("aiv-prod")[1]


def test_metrics_name_the_secret_and_not_the_token() -> None:
    metrics = of_stack("aiv-prod")[1]["metrics"]
    assert metrics["url"] == "http://hub.jupyterhub-prod:8081/hub/metrics"
    assert metrics["dashboard"].startswith("https://grafana.aiv.internal/d/")
    (secret,) = [
        asked for asked in of_stack("aiv-prod")[0].requests.values() if asked.name == "hub-credentials"
    ]
    assert metrics["tokenKey"] in secret.plain()["stringData"]
    assert metrics["tokenSecret"] == "hub-credentials-generated"


def test_a_portal_gets_its_card_and_the_gpu_operator_s_owner_the_plan() -> None:
    assert '"url": "https://jupyter.254carbon.com"' in of_stack("carbon254")[1]["portalCard"]
    assert "timeSlicing" in everywhere()[2]["gpuSharing"]
    assert not {"portalCard", "gpuSharing"} & set(of_stack("iav-test")[1])


@pytest.mark.parametrize("stack", STACKS)
def test_the_firewall_s_rows_are_plain_data(stack: str) -> None:
    rows = of_stack(stack)[1]["firewall"]
    assert json.loads(json.dumps(rows)) == rows
    assert all(row["why"] and row["settings"] and row["ports"] for row in rows)
    assert rows or settings_of(stack).ingress.reach == "machine"


SHOWN_ON_REQUEST = {"password", "adminPassword"}


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_in_an_output_that_is_not_one(stack: str) -> None:
    recorder, outputs = of_stack(stack)
    said = json.dumps({name: value for name, value in outputs.items() if name not in SHOWN_ON_REQUEST})
    secrets = set(_secrets(recorder.requests.values()))
    assert len(secrets) >= 3
    assert [secret for secret in secrets if secret in said] == []


def _secrets(requests: Any) -> list[str]:  # noqa: ANN401 -- requests of a recorder
    found = []
    for asked in requests:
        if asked.type == "kubernetes:core/v1:Secret":
            found += [str(value) for value in (asked.plain().get("stringData") or {}).values()]
    return found


def test_certificates_expire_on_a_day_that_is_said() -> None:
    assert of_stack("aiv-prod")[1]["certificateExpires"] == "2027-06-01"
    assert "certificateExpires" not in of_stack("lab")[1]
