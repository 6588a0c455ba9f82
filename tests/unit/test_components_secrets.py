"""Where secrets go: marked on the wire, in one place each, and replaced so that the hub notices."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from deployment import deploy
from tests.unit.deployed import (
    ADMIN,
    CERTIFICATE,
    KEY,
    RELEASE,
    SECRET,
    SHARED,
    Deployed,
    brought,
    deployed,
    full,
    local,
    objects,
    of_stack,
    project,
)
from tests.unit.documents import STACKS, settings
from tests.unit.recorder import run, secret_paths, unwrapped


def test_the_only_secret_among_the_values_is_marked() -> None:
    release = full()[0].one(RELEASE)
    assert list(secret_paths(release.inputs)) == ["/values/proxy/secretToken"]
    assert release.plain()["values"]["proxy"]["secretToken"] == "random-proxy-token-1"
    assert "values" in release.secret_outputs


@pytest.mark.parametrize("which", [local, full])
def test_no_secret_leaves_the_program_in_plain_text(which: Callable[[], Deployed]) -> None:
    recorder, _ = which()
    words = (CERTIFICATE, KEY, SHARED, ADMIN, "random-")
    for asked in recorder.requests.values():
        seen = json.dumps(without_secrets(asked.inputs))
        assert not [word for word in words if word in seen], asked.urn


def without_secrets(value: object) -> Any:  # noqa: ANN401 -- JSON
    if list(secret_paths(value)) == [""]:
        return "secret"
    if isinstance(value, dict):
        return {key: without_secrets(item) for key, item in value.items()}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


def test_a_change_of_credentials_makes_a_new_secret_that_rolls_the_hub() -> None:
    recorder, _ = local()
    asked = recorder.one(SECRET, "hub-credentials").plain()
    assert asked["immutable"] is True
    assert "name" not in asked["metadata"]
    assert recorder.one(RELEASE).plain()["values"]["hub"]["existingSecret"] == "hub-credentials-generated"


def test_the_credentials_have_the_keys_that_the_chart_reads() -> None:
    content = full()[0].one(SECRET, "hub-credentials").plain()["stringData"]
    laid_over = json.loads(content.pop("values.yaml"))
    assert content == {
        "hub.config.JupyterHub.cookie_secret": "random-cookie-secret-1",
        "hub.config.CryptKeeper.keys": "random-crypt-2;random-crypt-1",
        "hub.services.prometheus.apiToken": "random-token-prometheus-1",
        "hub.services.smoke.apiToken": "random-token-smoke-1",
    }
    assert laid_over["hub"]["config"]["SharedPasswordAuthenticator"] == {
        "user_password": SHARED,
        "admin_password": ADMIN,
    }


def test_without_administrators_there_is_no_password_for_them() -> None:
    recorder, outputs = local()
    content = recorder.one(SECRET, "hub-credentials").plain()["stringData"]
    assert json.loads(content["values.yaml"])["hub"]["config"]["SharedPasswordAuthenticator"] == {
        "user_password": "random-shared-password-1"
    }
    assert "adminPassword" not in outputs


PASSWORD = "random:index/randomPassword:RandomPassword"


def test_generated_passwords_are_long_enough_for_the_hub() -> None:
    asked, _ = deployed({"auth": {"administrators": ["eve"]}})
    lengths = {made.name: made.plain()["length"] for made in asked.of(PASSWORD) if "password" in made.name}
    assert lengths == {"shared-password-1": 16, "admin-password-1": 40}


def test_generated_keys_are_32_bytes_in_hex() -> None:
    keys = [made.plain() for made in local()[0].of(PASSWORD) if "password" not in made.name]
    assert len(keys) == 5
    for key in keys:
        assert key["length"] == 64
        # Digits are on by default; with them, these six letters are all that a key is made of.
        assert (key["lower"], key["upper"], key["overrideSpecial"]) == (False, False, "abcdef")


def test_no_resource_has_its_secret_as_its_id() -> None:
    """The id of RandomBytes and of RandomId is their value, and ids lie in the state in plain text."""
    leaking = {"random:index/randomBytes:RandomBytes", "random:index/randomId:RandomId"}
    assert not [asked.urn for asked in objects(full()[0]) if asked.type in leaking]


def test_a_higher_generation_makes_a_new_secret() -> None:
    patch = {"secrets": {"generations": {"cookieSecret": 2, "passwords": 3}}}
    names = {asked.name for asked in objects(deployed(patch)[0])}
    assert {"cookie-secret-2", "shared-password-3", "crypt-1"} <= names


def test_certificate_and_key_are_one_tls_secret_of_a_fixed_name() -> None:
    asked = local()[0].one(SECRET, "tls").plain()
    assert asked["metadata"] == {"name": "jupyterhub-tls", "namespace": "jupyterhub"}
    assert asked["type"] == "kubernetes.io/tls"
    assert asked["stringData"] == {"tls.crt": CERTIFICATE, "tls.key": KEY}
    assert [made.name for made in full()[0].of(SECRET)] == ["hub-credentials"]


def test_an_existing_tls_secret_is_left_alone() -> None:
    recorder, _ = deployed({"tls": {"source": "existingSecret", "secretName": "theirs"}})
    assert [made.name for made in recorder.of(SECRET)] == ["hub-credentials"]
    assert recorder.one(RELEASE).plain()["values"]["ingress"]["tls"][0]["secretName"] == "theirs"


def test_outputs_that_are_secret_are_marked() -> None:
    marked: dict[str, Any] = {}

    def program() -> pulumi.Output[Any]:
        outputs = deploy(settings({"auth": {"administrators": ["eve"]}}), brought(passwords=False), project())
        marked.update({name: value for name, value in outputs.items() if isinstance(value, pulumi.Output)})
        return pulumi.Output.all(*[value.is_secret() for value in marked.values()])

    _, secret = run(program)
    assert {name for name, is_secret in zip(marked, secret, strict=True) if is_secret} == {
        "password",
        "adminPassword",
    }


def test_unwrapping_shows_what_is_inside() -> None:
    inputs = local()[0].one(SECRET, "tls").inputs
    assert CERTIFICATE in json.dumps(unwrapped(inputs))
    assert list(secret_paths(inputs)) == ["/stringData"]


@pytest.mark.parametrize("stack", STACKS)
def test_of_no_stack_does_a_brought_secret_leave_in_plain_text(stack: str) -> None:
    recorder, _ = of_stack(stack)
    words = (CERTIFICATE, KEY, SHARED, ADMIN, "random-", "that was brought")
    for asked in recorder.requests.values():
        seen = json.dumps([without_secrets(asked.inputs), asked.urn])
        assert not [word for word in words if word in seen], asked.urn
