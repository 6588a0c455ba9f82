"""Reading a stack's config: one clean message for every fault, and secrets that stay secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from settings.load import Brought, load
from tests.unit.certificates import pair
from tests.unit.documents import Document, local, patched
from tests.unit.recorder import run

CERTIFICATE, KEY = pair("jupyterhub.localhost", days=40000)
TLS = {"jupyterhub:tlsCert": CERTIFICATE, "jupyterhub:tlsKey": KEY}


@pytest.fixture(autouse=True)
def _no_config_of_another_test() -> Iterator[None]:
    yield
    pulumi.runtime.set_all_config({}, [])


def config(document: object, secrets: dict[str, str] = TLS, plain: dict[str, str] | None = None) -> None:
    values = {"jupyterhub:settings": json.dumps(document), **secrets, **(plain or {})}
    pulumi.runtime.set_all_config(values, list(secrets))


def refusal() -> str:
    with pytest.raises(pulumi.RunError) as raised:
        load()
    return str(raised.value)


def test_the_committed_document_loads_and_its_secrets_arrive_secret() -> None:
    config(local())
    settings, brought = load()
    assert settings.cluster.context == "embedded"
    assert brought.shared_password is brought.admin_password is None
    assert brought.tls_key is not None
    key = brought.tls_key
    _, (secret, value) = run(lambda: pulumi.Output.all(key.is_secret(), pulumi.Output.unsecret(key)))
    assert secret is True
    assert value == KEY


def test_secrets_do_not_show_when_they_are_printed() -> None:
    config(local())
    _, brought = load()
    assert KEY not in repr(brought)


def test_a_fault_ends_in_one_message_with_every_finding() -> None:
    config(patched(local(), {"hub": {"replicas": 2}, "network": {"dns": {"cidrs": []}}}))
    said = refusal()
    assert "2 findings. Nothing was changed." in said
    assert "settings.hub.replicas [shape]" in said
    assert "settings.network.dns [N1]" in said


def test_missing_secrets_are_listed_with_their_commands() -> None:
    config(local(), secrets={})
    said = refusal()
    assert "pulumi config set --secret jupyterhub:tlsCert < tls.crt" in said
    assert "pulumi config set --secret jupyterhub:tlsKey < tls.key" in said


def test_a_secret_inside_the_document_is_refused() -> None:
    config(local())
    pulumi.runtime.set_all_config(
        {"jupyterhub:settings": json.dumps(local()), **TLS}, ["jupyterhub:settings"]
    )
    assert "the document has a secure value inside" in refusal()


def test_a_secret_in_plain_text_is_refused_and_not_repeated() -> None:
    config(local(), secrets={"jupyterhub:tlsCert": CERTIFICATE}, plain={"jupyterhub:tlsKey": KEY})
    said = refusal()
    assert "jupyterhub:tlsKey [secret]: it stands in the stack file in plain text." in said
    assert KEY not in said


def test_passwords_are_read_where_the_settings_say_so() -> None:
    document: Document = patched(local(), {"secrets": {"source": "config"}})
    config(document, {**TLS, "jupyterhub:sharedPassword": "password"})
    _, brought = load()
    assert brought.shared_password is not None
    config(local(), {**TLS, "jupyterhub:sharedPassword": "password"})
    assert load()[1].shared_password is None


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_what_is_no_document_is_refused(document: Any) -> None:  # noqa: ANN401 -- JSON
    config(document)
    assert "settings" in refusal()


def test_text_that_is_no_json_is_refused() -> None:
    pulumi.runtime.set_all_config({"jupyterhub:settings": "{"}, [])
    assert "findings" in refusal() or "finding" in refusal()


def test_a_stack_without_settings_is_told_what_is_missing() -> None:
    pulumi.runtime.set_all_config({}, [])
    assert "settings.cluster [shape]: this field is missing." in refusal()


def test_nothing_is_brought_by_default() -> None:
    assert Brought().tls_cert is None
