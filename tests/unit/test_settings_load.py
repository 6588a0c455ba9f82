"""Reading a stack's config: one clean message for every fault, and secrets that stay secret."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest

from settings.finding import Finding
from settings.load import Brought, load
from tests.unit.certificates import PASSWORD, Wish, intermediate, make, pair, pfx
from tests.unit.documents import Document, committed, local, patched
from tests.unit.recorder import run

CERTIFICATE, KEY = pair("jupyterhub.localhost", days=40000)
TLS = {"jupyterhub:tlsCert": CERTIFICATE, "jupyterhub:tlsKey": KEY}
WITH_PASSWORDS: Document = {"secrets": {"source": "config"}}


@pytest.fixture(autouse=True)
def _no_config_of_another_test() -> Iterator[None]:
    yield
    pulumi.runtime.set_all_config({}, [])


@pytest.fixture(autouse=True)
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    # What rules say of the committed documents is tested with the rules.
    monkeypatch.setattr("settings.document.RULES", ())
    return said


def config(document: object, secrets: dict[str, str] = TLS, plain: dict[str, str] | None = None) -> None:
    values = {"jupyterhub:settings": json.dumps(document), **secrets, **(plain or {})}
    pulumi.runtime.set_all_config(values, list(secrets))


def refusal() -> str:
    with pytest.raises(pulumi.RunError) as raised:
        load()
    return str(raised.value)


def opened(secret: pulumi.Output[str] | None) -> str:
    """The value, after a look that it is marked secret."""
    assert secret is not None
    _, (marked, value) = run(lambda: pulumi.Output.all(secret.is_secret(), pulumi.Output.unsecret(secret)))
    assert marked is True
    return str(value)


def test_the_committed_document_loads_and_its_secrets_arrive_secret(warnings: list[str]) -> None:
    config(local())
    settings, brought = load()
    assert settings.cluster.context == "embedded"
    assert brought.shared_password is brought.admin_password is None
    assert opened(brought.tls_cert) == CERTIFICATE
    assert opened(brought.tls_key) == KEY
    assert brought.tls_expires is not None
    assert brought.further == {}
    assert warnings == []


def test_secrets_do_not_show_when_they_are_printed() -> None:
    config(local())
    _, brought = load()
    assert KEY.splitlines()[1] not in repr(brought)


def test_a_pfx_arrives_as_certificate_and_key_and_the_rest_by_its_key() -> None:
    document = committed("aiv-prod")
    made = make("hub", intermediate(), Wish(hosts=(document["ingress"]["host"],), days=40000))
    secrets = {
        "jupyterhub:tlsPfx": pfx(made, [intermediate()]),
        "jupyterhub:tlsPfxPassword": PASSWORD,
        "jupyterhub:oauthClientSecret": "a-client-secret-of-the-application",
        "jupyterhub:databasePassword": "postgres password\r\n",
    }
    config(document, secrets)
    _, brought = load()
    assert opened(brought.tls_cert) == made.pem + intermediate().pem
    assert opened(brought.tls_key) == made.key_pem
    assert {key: opened(value) for key, value in brought.further.items()} == {
        "oauthClientSecret": "a-client-secret-of-the-application",
        "databasePassword": "postgres password",
    }


def test_named_secrets_arrive_by_name_and_key_each_value_secret() -> None:
    document = committed("lab")
    registry = json.dumps({"auths": {"ghcr.io": {"auth": "dXNlcjp0b2tlbg=="}}})
    token = base64.b64encode(b'{"a": "account", "t": "tunnel", "s": "cw=="}').decode()
    secrets = {
        "jupyterhub:oauthClientSecret": "a-client-secret-of-the-application",
        "jupyterhub:tunnelToken": token,
        "jupyterhub:namedSecrets": json.dumps({"ghcr-credentials": {".dockerconfigjson": registry}}),
    }
    config(document, secrets)
    _, brought = load()
    assert {name: list(content) for name, content in brought.named.items()} == {
        "ghcr-credentials": [".dockerconfigjson"]
    }
    assert opened(brought.named["ghcr-credentials"][".dockerconfigjson"]) == registry
    assert "namedSecrets" not in brought.further


def test_a_fault_ends_in_one_message_with_every_finding() -> None:
    config(patched(local(), {"hub": {"replicas": 2}, "network": {"policies": "none"}}), secrets={})
    said = refusal()
    assert "2 findings. Nothing was changed." in said
    assert "settings.hub.replicas [shape]" in said
    assert "settings.network.policies [shape]" in said


def test_faults_of_document_and_keys_come_together() -> None:
    config(patched(local(), {"hub": {"replicas": 2}}), TLS, plain={"jupyterhub:sharedPasword": "seen"})
    said = refusal()
    assert "settings.hub.replicas [shape]" in said
    assert "jupyterhub:sharedPasword [secret]: there is no such key" in said


def test_missing_secrets_are_listed_with_their_commands() -> None:
    config(local(), secrets={})
    said = refusal()
    assert "2 findings" in said
    assert "jupyterhub:tlsCert < tls.crt" in said
    assert "jupyterhub:tlsKey < tls.key" in said


def test_the_commands_name_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi, "get_stack", lambda: "some-stack")
    config(local(), secrets={})
    assert "pulumi config set --stack some-stack --secret jupyterhub:tlsKey < tls.key" in refusal()


# What a language host hands on for `pulumi config set --secret --path jupyterhub:settings.a[0].b`, seen from
# a real engine (3.250): the value lies decrypted in the document's JSON, and the document's key is a secret.
NESTED = {"auth": {"provider": "github"}, "services": [{"deep": [{"password": "hidden-thing"}]}]}


def test_a_secret_anywhere_inside_the_document_is_refused_without_a_look_at_it(
    warnings: list[str],
) -> None:
    values = {"jupyterhub:settings": json.dumps(NESTED), "jupyterhub:sharedPassword": "a password\r"}
    pulumi.runtime.set_all_config(values, ["jupyterhub:settings", "jupyterhub:sharedPassword"])
    said = refusal()
    assert "1 finding." in said
    assert "the document has a secure value inside" in said
    assert "hidden-thing" not in said + "".join(warnings)


def test_config_that_arrives_by_environment_is_judged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"jupyterhub:settings": json.dumps(local()), **TLS, "jupyterhub:tlsKye": KEY}
    monkeypatch.setenv("PULUMI_CONFIG", json.dumps(values))
    monkeypatch.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(list(TLS)))
    said = refusal()
    assert "jupyterhub:tlsKye [secret]: there is no such key (did you mean jupyterhub:tlsKey?)." in said


def test_a_secret_in_plain_text_is_refused_and_not_repeated() -> None:
    config(local(), secrets={"jupyterhub:tlsCert": CERTIFICATE}, plain={"jupyterhub:tlsKey": KEY})
    said = refusal()
    assert "1 finding." in said
    assert "jupyterhub:tlsKey [secret]: it stands in the stack file in plain text." in said
    assert KEY.splitlines()[1] not in said


def test_a_secret_in_plain_text_is_refused_even_where_nobody_uses_it() -> None:
    config(local(), plain={"jupyterhub:databasePassword": "for everyone to read"})
    assert "jupyterhub:databasePassword [secret]: it stands in the stack file in plain text." in refusal()


def test_passwords_are_read_where_the_settings_say_so(warnings: list[str]) -> None:
    given = {**TLS, "jupyterhub:sharedPassword": "password\n"}
    config(patched(local(), WITH_PASSWORDS), given)
    assert opened(load()[1].shared_password) == "password"
    assert warnings == []
    config(local(), given)
    assert load()[1].shared_password is None
    (only,) = warnings
    assert "jupyterhub:sharedPassword [secret]: it is set, and these settings do not use it." in only


def test_a_certificate_that_ends_soon_is_told_once_and_deployed(warnings: list[str]) -> None:
    made = make("hub", intermediate(), Wish(hosts=("jupyterhub.localhost",), days=20))
    chain = made.pem + intermediate().pem
    config(local(), {"jupyterhub:tlsCert": chain, "jupyterhub:tlsKey": made.key_pem})
    assert opened(load()[1].tls_cert) == chain
    (only,) = warnings
    assert "jupyterhub:tlsCert [tls-dates]: CN=hub ends on" in only


def test_warnings_are_told_once_with_the_errors_and_not_counted_among_them(warnings: list[str]) -> None:
    made = make("hub", wish=Wish(hosts=("jupyterhub.localhost",)))
    own = {"jupyterhub:tlsCert": made.pem, "jupyterhub:tlsKey": made.key_pem}
    config(patched(local(), WITH_PASSWORDS), own)
    said = refusal()
    assert "1 finding." in said
    assert said.count("signed itself") == 1
    assert warnings == []


def test_each_secret_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: Counter[str] = Counter()
    get = pulumi.Config.get

    def counting(self: pulumi.Config, key: str) -> Any:  # noqa: ANN401 -- as pulumi has it
        read[key] += 1
        return get(self, key)

    monkeypatch.setattr(pulumi.Config, "get", counting)
    config(local())
    load()
    assert set(read.values()) == {1}


@pytest.mark.parametrize("document", [None, [], "text", 7])
def test_what_is_no_document_is_refused(document: Any) -> None:  # noqa: ANN401 -- JSON
    config(document)
    assert "settings" in refusal()


@pytest.mark.parametrize("text", ["{", "[" * 100_000, "\x00"])
def test_text_that_is_no_json_is_refused(text: str) -> None:
    pulumi.runtime.set_all_config({"jupyterhub:settings": text}, [])
    assert "finding" in refusal()


def test_a_stack_without_settings_is_told_what_is_missing() -> None:
    pulumi.runtime.set_all_config({}, [])
    assert "settings.cluster [shape]: this field is missing." in refusal()


def test_nothing_is_brought_by_default() -> None:
    assert Brought().tls_cert is None


def test_what_rules_warn_of_is_told_once(warnings: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def rule() -> list[Finding]:
        return [
            Finding(path="here", rule="R", what="odd.", follows="-", remedy="-", severity="warning"),
        ]

    monkeypatch.setattr("settings.document.RULES", (rule,))
    config(local())
    load()
    (only,) = warnings
    assert only.startswith("here [R]: odd.")
