"""Secrets of an identity provider and of a database: into the hub's Secret, and nowhere else."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pulumi

from deployment import deploy
from settings.load import Brought
from tests.unit.deployed import RELEASE, SECRET, Deployed, brought, project
from tests.unit.documents import committed, settings
from tests.unit.recorder import run, secret_paths
from tests.unit.variants import DATABASES

CLIENT, DATABASE = "the secret of the application", "the password of the database"
AUTH = {"anyName": None, **committed("lab")["auth"]}
CAPABILITIES = committed("lab")["capabilities"]


@cache
def with_identities() -> Deployed:
    given = brought(passwords=False)
    further = {
        "oauthClientSecret": pulumi.Output.secret(CLIENT),
        "databasePassword": pulumi.Output.secret(DATABASE),
    }
    full = Brought(tls_cert=given.tls_cert, tls_key=given.tls_key, further=further)
    patch = {"auth": AUTH, "capabilities": CAPABILITIES, **DATABASES[-1], "secrets": {"source": "config"}}
    return run(lambda: deploy(settings(patch), full, project()))


def content() -> dict[str, Any]:
    found: dict[str, Any] = with_identities()[0].one(SECRET, "hub-credentials").plain()["stringData"]
    return found


def test_the_provider_s_secret_is_laid_over_the_settings_of_its_class() -> None:
    laid_over = json.loads(content()["values.yaml"])
    assert laid_over == {"hub": {"config": {"GitHubOAuthenticator": {"client_secret": CLIENT}}}}


def test_the_database_s_password_lies_where_the_chart_looks_for_it() -> None:
    assert content()["hub.db.password"] == DATABASE


def test_both_are_secret_on_the_wire_and_no_part_of_the_release() -> None:
    recorder, outputs = with_identities()
    assert "/stringData" in secret_paths(recorder.one(SECRET, "hub-credentials").inputs)
    told = json.dumps(recorder.one(RELEASE).plain())
    assert CLIENT not in told
    assert DATABASE not in told
    assert not {"password", "adminPassword"} & set(outputs)


def test_nobody_gets_a_shared_password_beside_identities() -> None:
    recorder, _ = with_identities()
    assert not [urn for urn in recorder.requests if "password" in urn.rsplit("::", 1)[-1]]
