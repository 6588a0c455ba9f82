"""Secrets brought under the names of the settings: judged as a whole, and no word of them repeated."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from settings.credentials import check
from settings.flat import KNOWN
from settings.named import fault, parsed
from settings.referred import of_hub, of_users, referred
from tests.unit.documents import PROJECT, TODAY, Document, settings_of

MINIO = {"AWS_ACCESS_KEY_ID": "an-id", "AWS_SECRET_ACCESS_KEY": "a-key-that-nobody-may-see"}
REGISTRY = {".dockerconfigjson": json.dumps({"auths": {"ghcr.io": {"auth": "dXNlcjp0b2tlbg=="}}})}
TRINO: Document = {
    "services": {
        "catalogue": [
            {
                "kind": "trino",
                "url": "https://trino.example.org",
                "credentials": "trino-login",
                "reach": {"cidrs": ["10.9.0.0/28"], "ports": [443]},
            }
        ]
    }
}
WORDS = ("an-id", "a-key-that", "dXNlcjp0b2tlbg", "sesame")


def what(stack: str, content: object, patch: Document | None = None) -> str | None:
    text = content if isinstance(content, str) else json.dumps(content)
    return fault(text, settings_of(stack, patch))


def test_what_fits_the_settings_is_taken() -> None:
    assert what("carbon254", {"jupyter-minio": MINIO}) is None
    assert what("lab", {"ghcr-credentials": REGISTRY}) is None
    assert what("carbon254", {"trino-login": {"TRINO_PASSWORD": "sesame"}}, TRINO) is None


@pytest.mark.parametrize(
    ("stack", "content", "told"),
    [
        ("carbon254", "sesame", "it is not JSON of the form"),
        ("carbon254", "[" * 100_000, "it is not JSON of the form"),
        ("carbon254", {}, "it is not JSON of the form"),
        ("carbon254", {"jupyter-minio": "sesame"}, "it is not JSON of the form"),
        ("carbon254", {"jupyter-minio": {"AWS_ACCESS_KEY_ID": 7}}, "it is not JSON of the form"),
        ("carbon254", {"jupyter-minio": {"AWS_ACCESS_KEY_ID": ""}}, "it is not JSON of the form"),
        ("carbon254", {"jupyter-minio": {**MINIO, "a key": "sesame"}}, "it is not JSON of the form"),
        ("carbon254", '{"jupyter-minio": {"AWS_ACCESS_KEY_ID": "\\ud800"}}', "it is not JSON of the form"),
        (
            "carbon254",
            {"jupyter-minio": MINIO, "sesame": MINIO},
            "no setting names the 2. of its 2 Secrets; they name jupyter-minio",
        ),
        (
            "carbon254",
            {"jupyter-minio": {"AWS_ACCESS_KEY_ID": "an-id"}},
            "the Secret jupyter-minio has no key AWS_SECRET_ACCESS_KEY",
        ),
        (
            "carbon254",
            {"jupyter-minio": {**MINIO, "sesame": "sesame"}},
            "the Secret jupyter-minio has keys beside AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY",
        ),
        ("lab", {"ghcr-credentials": {".dockerconfigjson": "sesame"}}, ".dockerconfigjson of the Secret"),
        ("lab", {"ghcr-credentials": {".dockerconfigjson": "{}"}}, ".dockerconfigjson of the Secret"),
        ("lab", {"ghcr-credentials": {"config": "sesame"}}, "the Secret ghcr-credentials has no key"),
    ],
)
def test_what_cannot_serve_is_refused_without_a_word_of_it(stack: str, content: Any, told: str) -> None:  # noqa: ANN401 -- JSON
    said = what(stack, content)
    assert said is not None
    assert said.startswith(told), said
    assert not [word for word in WORDS if word in said]


def test_a_key_that_is_no_variable_is_refused_where_users_get_them_as_such() -> None:
    said = what("carbon254", {"trino-login": {"trino.password": "sesame"}}, TRINO)
    assert said is not None
    assert "no name of a variable" in said
    assert "sesame" not in said


@given(st.recursive(st.text(max_size=4), lambda below: st.dictionaries(st.text(max_size=4), below)))
def test_whatever_is_read_can_be_handed_on(content: object) -> None:
    for texts in (parsed(json.dumps(content)) or {}).values():
        for key, value in texts.items():
            assert key.encode()
            assert value.encode()


def test_a_missing_one_is_somebody_else_s_to_keep() -> None:
    assert KNOWN["namedSecrets"].optional
    found = check({}, settings_of("carbon254"), TODAY).findings
    assert "jupyterhub:namedSecrets" not in {one.path for one in found}


def test_a_finding_names_the_key_and_the_command() -> None:
    given_ = {"namedSecrets": SecretStr("sesame")}
    found = [one for one in check(given_, settings_of("lab"), TODAY).findings if "named" in one.path]
    assert [one.path for one in found] == ["jupyterhub:namedSecrets"]
    assert "pulumi config set --secret jupyterhub:namedSecrets" in found[0].remedy
    assert "sesame" not in str(found[0])


@pytest.mark.parametrize("source", ["cluster", "externalSecrets"])
def test_where_others_bring_secrets_it_is_not_used(source: str) -> None:
    store = {"store": {"kind": "existing", "name": "company"}} if source == "externalSecrets" else {}
    settings = settings_of("lab", {"secrets": {"source": source, **store}})
    given_ = {"namedSecrets": SecretStr(json.dumps({"ghcr-credentials": REGISTRY}))}
    (only,) = check(given_, settings, TODAY).findings
    assert (only.path, only.severity) == ("jupyterhub:namedSecrets", "warning")


def test_one_secret_may_hold_what_several_settings_want() -> None:
    patch: Document = {
        "auth": {"clientSecretName": "hub-secrets"},
        "database": {"passwordSecret": "hub-secrets"},
    }
    (one, _) = of_hub(settings_of("carbon254", patch))
    assert (one.name, one.keys) == ("hub-secrets", ("clientSecret", "password"))
    settings = settings_of("carbon254", patch)
    assert {*of_hub(settings), *of_users(settings)} == set(referred(settings))


def test_credentials_that_nobody_gets_are_wanted_by_nobody() -> None:
    (service,) = TRINO["services"]["catalogue"]
    patch: Document = {"services": {"catalogue": [{**service, "usedBy": "hub"}]}}
    assert "trino-login" not in {one.name for one in of_users(settings_of("carbon254", patch))}


def test_the_page_tells_of_every_secret_and_its_keys() -> None:
    page = (PROJECT / "docs" / "secrets.md").read_text()
    named = referred(settings_of("carbon254", {**TRINO, "images": {"pullSecrets": ["pull"]}}))
    assert len(named) == 6
    for one in named:
        setting = re.sub(r"\[\d+\]", "[]", one.setting.removeprefix("settings."))
        (row,) = [line for line in page.splitlines() if line.startswith(f"`{setting}` |")]
        assert not [key for key in one.keys if f"`{key}`" not in row]
