"""Every committed stack on the node: what an overlay changes of it, and the secrets it gets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12
from pydantic import SecretStr

from embedded import fitting, overlay, stacks, target
from embedded.charts import ChartArchive
from embedded.fault import Fault
from embedded.images import Image
from embedded.node import Options, company, pki
from embedded.paths import CHECKOUT, Paths
from embedded.report import doors
from embedded.stack_secrets import Maker
from embedded.world import World, plan
from settings.credentials import check
from settings.document import read
from settings.flat import needed
from tests.unit.documents import STACKS, TODAY

PATHS = Paths(cache=Path("/cache"), state=Path("/state"))
CHART = ChartArchive(Path(".charts/jupyterhub-4.4.0-abc.tgz"), "4.4.0", "here")
BUILT = {
    name: Image(f"localhost/jupyterhub/{name}:made", Path("x"))
    for name in ("hub", "proxy", "notebook", "connector")
}
NODE = target.own_node(PATHS, Options(https_port=9443, api_port=7443), "")

# What an overlay may touch: the cluster (its API server, resolver and ingress controller among it), the
# images, the chart, and on the machine's own address its port.
PLACES = {
    "cluster.context",
    "cluster.caBundle",
    "images.hub",
    "images.proxy",
    "images.notebook",
    "images.connector",
    "images.mirror",
    "chart",
    "network.apiServer",
    "network.dns",
    "network.ingressFrom",
    "hub.awaitReady",
}


@pytest.mark.parametrize(
    "text",
    [
        *("", "config:\n", f"config: {{{stacks.SETTINGS}: {{}}}}", "a: 'b", "config: [1]", "a: 2026-13-41"),
        f"config: {{{stacks.SETTINGS}: {{auth: , cluster: {{}}}}}}",
    ],
)
def test_a_stack_file_that_is_not_whole_is_refused_before_anything_starts(text: str, tmp_path: Path) -> None:
    place = tmp_path / "Pulumi.lab.yaml"
    place.write_text(text)
    with pytest.raises(Fault, match=r"Pulumi\.lab\.yaml has no whole"):
        stacks.read(place)


def laid_over(stack: str, authority: Path) -> dict[str, Any]:
    document = stacks.committed(stack)
    settings = stacks.settings_of(document)
    changes = {
        **fitting.changes(settings, NODE, CHART),
        **fitting.image_changes(settings, NODE, BUILT, {}),
        **fitting.trust(settings, NODE, authority),
    }
    return overlay.overlay(document, changes)


def differences(before: object, after: object, path: str = "") -> Iterator[str]:
    """Name every place at which two documents differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            yield from differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif before != after:
        yield path


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pki.ingress_authority(tmp_path_factory.mktemp("pki")).certificate


@pytest.mark.parametrize("stack", STACKS)
def test_an_overlay_changes_only_cluster_images_and_chart(stack: str, authority: Path) -> None:
    before, after = stacks.committed(stack), laid_over(stack, authority)
    inside = "config." + stacks.SETTINGS + "."
    found = set(differences(before, after))
    assert all(path.startswith(inside) for path in found), found
    on_this_machine = stacks.settings_of(before)["ingress"]["reach"] == "machine"
    allowed = PLACES | ({"ingress.port"} if on_this_machine else set())
    beyond = {
        path.removeprefix(inside)
        for path in found
        if not any(f"{path}.".startswith(f"{inside}{place}.") for place in allowed)
    }
    assert not beyond


def test_what_else_differs_would_be_seen(authority: Path) -> None:
    before, after = stacks.committed("lab"), laid_over("lab", authority)
    after["config"][stacks.SETTINGS]["auth"]["groups"] = {"members": "everybody"}
    assert f"config.{stacks.SETTINGS}.auth.groups.members" in set(differences(before, after))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_file_holds_plain_data(stack: str) -> None:
    """A bare day is a moment to the engine, and no day to the settings."""
    json.dumps(stacks.committed(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_a_stack_gets_exactly_the_secrets_that_its_settings_want(stack: str, tmp_path: Path) -> None:
    settings = stacks.settings_of(stacks.committed(stack))
    made = Maker(stack, settings, "passphrase", tmp_path, {}).all()
    rows = {row.path: row for row in needed(read(settings, TODAY)) if not row.optional}
    assert made.keys() == rows.keys()
    for path, value in made.items():
        assert len(value) >= rows[path].shortest, path
        assert rows[path].fault(value, read(settings, TODAY)) is None, path
    assert Maker(stack, settings, "passphrase", tmp_path, {}).all() == made, "they must stay"


def test_what_the_surroundings_give_wins() -> None:
    settings = stacks.settings_of(stacks.committed("lab"))
    made = Maker("lab", settings, "passphrase", Path("/none"), {"oauthClientSecret": "theirs"}).all()
    assert made["jupyterhub:oauthClientSecret"] == "theirs"


def test_a_company_pfx_holds_leaf_and_issuing_authority_and_no_root(tmp_path: Path) -> None:
    packed = company.pfx(tmp_path, "secret", "hub.aiv.internal")
    found = pkcs12.load_pkcs12(packed, b"secret")
    assert found.cert
    root = x509.load_pem_x509_certificate(company.root(tmp_path).certificate.read_bytes())
    (between,) = (entry.certificate for entry in found.additional_certs)
    found.cert.certificate.verify_directly_issued_by(between)
    between.verify_directly_issued_by(root)
    assert company.pfx(tmp_path, "secret", "hub.aiv.internal") == packed
    assert company.pfx(tmp_path, "another", "hub.aiv.internal") != packed


@pytest.mark.parametrize("source", ["pem", "pfx"])
def test_the_certificate_is_for_users_hosts_too_where_there_are_some(source: str, tmp_path: Path) -> None:
    document = stacks.settings_of(stacks.committed("local"))
    document = {**document, "tls": {"source": source}, "ingress": {**document["ingress"]}}

    def served() -> list[str]:
        made = Maker("local", document, "passphrase", tmp_path, {}).all()
        given = {key.partition(":")[2]: SecretStr(value) for key, value in made.items()}
        checked = check(given, read(document, TODAY), datetime.now(tz=UTC).date())
        assert [one for one in checked.findings if one.rule == "tls-host"] == []
        assert checked.material
        return [name for name in checked.material.names if "localhost" in name]

    assert served() == ["jupyterhub.localhost"]
    document["ingress"]["userSubdomains"] = True
    assert served() == ["jupyterhub.localhost", "*.jupyterhub.localhost"]


def test_a_browser_finds_users_hosts_where_it_finds_the_hub() -> None:
    places = doors("https://hub.example.org", 8443, World(doors={"github.com": 8453}))
    assert places == {"hub.example.org": 8443, "*.hub.example.org": 8443, "github.com": 8453}


def test_the_edge_answers_for_users_hosts_too_and_names_files_have_no_star() -> None:
    document = stacks.settings_of(stacks.committed("lab"))
    document = {**document, "ingress": {**document["ingress"], "userSubdomains": True}}
    listeners = plan.plan(document).of("edge")
    assert {f"*.{document['ingress']['host']}", document["ingress"]["host"]} <= {
        one.name for one in listeners
    }
    assert "*" not in plan.hosts(listeners)


def test_the_tunnels_token_is_one(tmp_path: Path) -> None:
    settings = stacks.settings_of(stacks.committed("lab"))
    token = Maker("lab", settings, "passphrase", tmp_path, {}).all()["jupyterhub:tunnelToken"]
    assert json.loads(base64.b64decode(token)).keys() == {"a", "t", "s"}


def test_an_unknown_stack_is_refused_with_the_names_of_those_that_are() -> None:
    with pytest.raises(Fault, match="no stack `prod`") as caught:
        stacks.chosen({"STACK": "prod"})
    assert all(stack in caught.value.remedy for stack in STACKS)
    assert stacks.chosen({}) == "local"


def test_two_stacks_of_one_namespace_are_never_up_together(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.lab.yaml").write_text((CHECKOUT / "Pulumi.lab.yaml").read_text())
    stacks.refuse_neighbour_in_same_namespace("aiv-prod", stacks.committed("aiv-prod"), tmp_path)
    stacks.refuse_neighbour_in_same_namespace("lab", stacks.committed("lab"), tmp_path)
    with pytest.raises(Fault, match="`lab` is up in the namespace jupyterhub-test"):
        stacks.refuse_neighbour_in_same_namespace("iav-test", stacks.committed("iav-test"), tmp_path)


PROCESSORS = 2000
# A database server or a connector's requests are small; what the tests' own pods ask for is smaller.
TO_SPARE = 100


def _millis(amount: str) -> int:
    return int(amount[:-1]) if amount.endswith("m") else int(float(amount) * 1000)


def _asks(stack: str) -> int:
    """Add up what a stack asks of a processor with one server of the default profile, in thousandths."""
    settings = read(stacks.settings_of(stacks.committed(stack)), TODAY)
    tunnel = settings.ingress.tunnel
    (profile,) = (profile for profile in settings.profiles if profile.default)
    parts = [settings.hub.resources, settings.hub.proxy_resources]
    parts += [tunnel.resources] * tunnel.replicas if tunnel else []
    amounts = [str(part.requests.cpu) for part in parts] + [str(profile.cpu.guarantee)]
    return sum(_millis(amount) for amount in amounts)


@pytest.mark.parametrize("stack", sorted(set(STACKS) - {"local"}))
def test_a_stack_fits_beside_local_on_two_processors(stack: str) -> None:
    assert _asks(stack) + _asks("local") <= PROCESSORS - TO_SPARE


def test_a_chart_stays_while_another_stack_names_it(tmp_path: Path, authority: Path) -> None:
    assert stacks.charts_in_use(tmp_path, but="local") == frozenset()
    engine_writes = json.dumps(laid_over("lab", authority))
    (tmp_path / "Pulumi.lab.yaml").write_text(engine_writes)
    assert stacks.charts_in_use(tmp_path, but="local") == {str(CHART.path)}
    assert stacks.charts_in_use(tmp_path, but="lab") == frozenset()


def test_a_node_on_other_ports_is_what_the_stack_is_told(authority: Path) -> None:
    local = stacks.settings_of(laid_over("local", authority))
    assert local["ingress"]["port"] == 9443
    assert local["network"]["apiServer"] == {"cidrs": ["10.200.0.1/32"], "ports": [7443]}


def test_a_named_cluster_needs_images_that_it_can_pull() -> None:
    settings = stacks.settings_of(stacks.committed("local"))
    named = target.Target("lab", Path("kubeconfig"), Path("home"), own=False, pods=True)
    with pytest.raises(Fault, match="cannot see images") as caught:
        fitting.image_changes(settings, named, {}, {"HUB_IMAGE": "registry.example/hub:1"})
    assert "PROXY_IMAGE=" in caught.value.remedy
    assert "HUB_IMAGE=" not in caught.value.remedy


def test_a_given_image_wins_over_a_built_one_and_its_registry_may_have_a_port() -> None:
    settings = stacks.settings_of(stacks.committed("local"))
    built = {"hub": Image("localhost/jupyterhub/hub:abc", Path("hub.tar"))}
    changes = fitting.image_changes(settings, NODE, built, {"PROXY_IMAGE": "registry.example:5000/proxy:2"})
    assert changes == {
        "images.hub": {"name": "localhost/jupyterhub/hub", "tag": "abc"},
        "images.proxy": {"name": "registry.example:5000/proxy", "tag": "2"},
    }
