"""Objects under names that settings give: Secrets that the stack brings, the authorities, the hub's own."""

from __future__ import annotations

import json
from typing import Any

import pulumi
import pytest

from components.authorities import Authorities, AuthoritiesArgs
from components.credentials import Credentials, CredentialsArgs
from components.named_secrets import NamedSecrets, NamedSecretsArgs
from settings.cluster import CaBundle, Protection
from settings.load import Brought
from settings.referred import REGISTRY_KEY, of_users
from settings.secrets import Generations
from tests.unit.certificates import AUTHORITY, make
from tests.unit.deployed import RELEASE, SECRET, deployed, of
from tests.unit.documents import Document, local, settings_of
from tests.unit.external import EXISTING
from tests.unit.recorder import Recorder, Request, run, secret_paths

ROOT = make("root", wish=AUTHORITY).pem
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
VALUE = "a value that nobody may see"


def named(stack: str, *names: str) -> Recorder:
    content = {name: {"key": pulumi.Output.secret(VALUE)} for name in names}
    args = NamedSecretsArgs(namespace="here", wanted=of_users(settings_of(stack)), brought=content)
    return run(lambda: NamedSecrets("named-secrets", args).urn)[0]


def test_a_brought_secret_has_the_name_that_pods_know() -> None:
    asked = named("carbon254", "jupyter-minio").one(SECRET)
    assert asked.plain()["metadata"] == {"name": "jupyter-minio", "namespace": "here"}
    assert asked.plain()["type"] == "Opaque"
    assert "immutable" not in asked.plain()


def test_a_registry_s_secret_has_the_type_that_kubelets_want() -> None:
    asked = named("aiv-prod", "aiv-artifactory-credentials").one(SECRET)
    assert asked.plain()["type"] == "kubernetes.io/dockerconfigjson"


def test_what_is_not_brought_is_somebody_else_s() -> None:
    assert named("carbon254").of(SECRET) == []


def test_what_no_setting_names_is_not_made() -> None:
    assert named("carbon254", "unknown").of(SECRET) == []


def test_values_are_secret_on_the_wire() -> None:
    asked = named("carbon254", "jupyter-minio").one(SECRET)
    assert VALUE in json.dumps(asked.plain())
    assert list(secret_paths(asked.inputs)) == ["/stringData"]


def bundle(certificates: str | None) -> Recorder:
    given = CaBundle.model_validate({"configMap": "company", "certificates": certificates})
    return run(lambda: Authorities("a", AuthoritiesArgs(namespace="here", bundle=given)).urn)[0]


def test_authorities_of_the_settings_become_the_config_map_that_pods_mount() -> None:
    asked = bundle("the certificates").one(CONFIG_MAP)
    assert asked.plain()["metadata"] == {"name": "company", "namespace": "here"}
    assert asked.plain()["data"] == {"ca-certificates.crt": "the certificates"}


def test_without_certificates_somebody_else_keeps_the_config_map() -> None:
    assert bundle(None).of(CONFIG_MAP) == []


def credentials(name: str | None, password: str = VALUE) -> tuple[Request, Any]:
    """The hub's Secret; and whether the digest is secret, with the digest."""

    def program() -> pulumi.Output[Any]:
        made = Credentials(
            "credentials",
            CredentialsArgs(
                namespace="here",
                generations=Generations(),
                protection=Protection(),
                authenticator="AnyAuthenticator",
                by_password=False,
                with_administrators=False,
                services=(),
                client_secret=pulumi.Output.secret(password),
                fixed_name=name,
            ),
        )
        if made.digest is None:
            return pulumi.Output.from_input(None)
        return pulumi.Output.all(made.digest.is_secret(), pulumi.Output.unsecret(made.digest))

    recorder, digest = run(program)
    return recorder.one(SECRET), digest


def test_a_fixed_name_is_kept_through_changes_of_the_content() -> None:
    asked, _ = credentials("jupyterhub-secrets")
    assert asked.plain()["metadata"] == {"name": "jupyterhub-secrets", "namespace": "here"}
    # An immutable one would have to be replaced, and two of one name cannot be.
    assert "immutable" not in asked.plain()


def test_under_a_fixed_name_a_digest_tells_of_every_change() -> None:
    (_, (marked, first)), (_, (_, same)), (_, (_, other)) = (
        credentials("fixed"),
        credentials("fixed"),
        credentials("fixed", "another password"),
    )
    assert marked is True
    assert first == same != other
    assert len(first) == 64


def test_without_a_fixed_name_there_is_no_digest() -> None:
    asked, digest = credentials(None)
    assert digest is None
    assert asked.plain()["immutable"] is True


@pytest.mark.parametrize("word", [VALUE, "random-crypt-1"])
def test_the_digest_does_not_show_what_it_is_made_of(word: str) -> None:
    assert word not in credentials("fixed")[1][1]


def test_under_a_fixed_name_the_release_gets_a_digest_that_stays_secret() -> None:
    recorder, _ = deployed({"secrets": {"name": "jupyterhub-secrets"}})
    release = recorder.one(RELEASE)
    assert set(secret_paths(release.inputs)) == {
        "/values/proxy/secretToken",
        "/values/hub/annotations/checksum/credentials",
    }
    assert release.plain()["values"]["hub"]["existingSecret"] == "jupyterhub-secrets"


def test_the_release_waits_for_what_its_pods_name() -> None:
    def stack(patch: Document) -> tuple[Recorder, set[str]]:
        document = settings_of(
            "aiv-prod", {"chart": {**dict.fromkeys(("ref",)), **local()["chart"]}, **patch}
        )
        brought = Brought(
            further={"oauthClientSecret": pulumi.Output.secret(VALUE)},
            named={"aiv-artifactory-credentials": {REGISTRY_KEY: pulumi.Output.secret(VALUE)}},
        )
        recorder, _ = of(document, brought)
        return recorder, set(recorder.one(RELEASE).dependencies)

    recorder, before = stack({"cluster": {"caBundle": {"certificates": ROOT}}})
    assert recorder.one(SECRET, "aiv-artifactory-credentials").urn in before
    assert recorder.one(CONFIG_MAP, "bundle").urn in before
    recorder, before = stack({"secrets": {"source": "externalSecrets", "store": EXISTING}})
    orders = {asked.urn for asked in recorder.requests.values() if asked.type.endswith(":ExternalSecret")}
    assert len(orders) == 3
    assert orders <= before
