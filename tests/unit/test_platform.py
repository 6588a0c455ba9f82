"""Platform services, row by row: variable, entry, way and page come of one entry of the catalogue."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from chart.network import service_policies
from chart.platform import FOLDER, catalogue_files, environments
from chart.values import build
from components.platform import Platform, PlatformArgs
from settings import Settings
from settings.letting_in import markdown, requests
from settings.portal import card, card_files
from settings.services import CATALOGUE
from tests.unit.documents import PROJECT, settings_of
from tests.unit.recorder import Recorder, run

MAP = "kubernetes:core/v1:ConfigMap"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
# What a notebook of 254Carbon finds: name, variable, its value, namespace, port.
ROWS = (
    ("trino", "TRINO_HOST", "trino.trino", "trino", 8080),
    ("minio", "MINIO_URL", "http://minio.minio:9000", "minio", 9000),
    ("mlflow", "MLFLOW_TRACKING_URI", "http://mlflow.mlflow:5000", "mlflow", 5000),
    ("postgresql", "PGHOST", "postgresql.postgresql.svc.cluster.local", "postgresql", 5432),
    ("datahub", "DATAHUB_GMS_URL", "http://datahub-gms.datahub:8080", "datahub", 8080),
    ("ray", "RAY_ADDRESS", "ray://ray-head.ray:10001", "ray", 10001),
    ("kafka", "KAFKA_BOOTSTRAP_SERVERS", "kafka.kafka:9092", "kafka", 9092),
)
PASSED_ON = {
    "kind": "trino",
    "url": "https://t.example",
    "credentials": "trino-login",
    "docs": "https://d.example",
}


def carbon() -> Settings:
    return settings_of("carbon254")


def one_service(**more: object) -> Settings:
    entry = {**PASSED_ON, "reach": {"namespace": "trino", "ports": [443]}, **more}
    return settings_of("carbon254", {"services": {"catalogue": [entry]}})


def entries(settings: Settings) -> dict[str, dict[str, Any]]:
    document = json.loads(catalogue_files(settings)["catalogue.json"])
    return {entry["name"]: entry for entry in document["services"]}


def ways_in(settings: Settings) -> list[tuple[str, int]]:
    """Give namespaces and ports that pods of users with every service may go to."""
    rules = [
        *build(settings)["singleuser"]["networkPolicy"]["egress"],
        *(rule for spec in service_policies(settings).values() for rule in spec["egress"]),
    ]
    return [
        (peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], port["port"])
        for rule in rules
        for peer in rule["to"]
        if "namespaceSelector" in peer
        for port in rule["ports"]
    ]


def made(settings: Settings) -> Recorder:
    def program() -> dict[str, Any]:
        Platform(
            "platform",
            PlatformArgs(
                namespace="jupyter",
                files=catalogue_files(settings),
                environments=environments(settings),
                policies=service_policies(settings),
                card=card_files(settings),
            ),
        )
        return {}

    return run(program)[0]


def maps(settings: Settings) -> dict[str, dict[str, str]]:
    return {asked.plain()["metadata"]["name"]: asked.plain()["data"] for asked in made(settings).of(MAP)}


@pytest.mark.parametrize(
    ("name", "variable", "value", "namespace", "port"), ROWS, ids=[row[0] for row in ROWS]
)
def test_each_service_of_254carbon_is_told_reached_and_asked_for(
    name: str, variable: str, value: str, namespace: str, port: int
) -> None:
    settings = carbon()
    assert environments(settings)[f"platform-service-{name}"][variable] == value
    assert entries(settings)[name]["variables"][variable] == value
    # The bucket, which is everybody's, lies where the service MinIO does.
    assert ways_in(settings).count((namespace, port)) == 1 + (name == "minio")
    spec = service_policies(settings)[f"platform-service-{name}"]
    assert spec["podSelector"]["matchLabels"][f"platform.service/{name}"] == "true"
    assert f"| {name} |" in catalogue_files(settings)["README.md"]
    (asked,) = [
        request
        for request in requests(settings)
        if request.namespace == namespace and ("component", "singleuser-server") in request.ours
    ]
    assert (asked.direction, asked.ports) == ("in", (("TCP", port),))


def test_user_pods_of_254carbon_reach_these_services_and_no_other_namespace() -> None:
    known = {(namespace, port) for *_, namespace, port in ROWS}
    assert set(ways_in(carbon())) == known | {("kube-system", 53)}
    assert list(entries(carbon())) == [row[0] for row in ROWS]


def test_a_changed_address_is_read_by_new_servers_without_a_new_hub() -> None:
    before, after = one_service(), one_service(url="https://elsewhere.example", description="Moved.")
    assert maps(before) != maps(after)
    assert build(before) == build(after)


def test_user_pods_read_what_the_component_makes() -> None:
    user = build(carbon())["singleuser"]
    granted = build(carbon())["custom"]["capabilities"]["services"]
    kept = {"optional": True}
    assert {one["environment"] for one in granted.values()} == set(environments(carbon()))
    assert {"name": CATALOGUE, "configMap": {"name": CATALOGUE, **kept}} in user["storage"]["extraVolumes"]
    (mount,) = [one for one in user["storage"]["extraVolumeMounts"] if one["name"] == CATALOGUE]
    # A subPath would never see a changed catalogue.
    assert mount == {"name": CATALOGUE, "mountPath": FOLDER, "readOnly": True}
    folder, _, file = user["extraEnv"]["PLATFORM_SERVICES"].rpartition("/")
    found = maps(carbon())
    assert folder == FOLDER
    assert file in found[CATALOGUE]
    assert {name: found[name] for name in environments(carbon())} == environments(carbon())


def test_what_is_for_the_hub_alone_is_told_to_no_user() -> None:
    settings = one_service(usedBy="hub", credentials=None)
    assert set(maps(settings)) == {"portal-card"}
    values = build(settings)
    assert "PLATFORM_SERVICES" not in values["singleuser"].get("extraEnv", {})
    assert CATALOGUE not in str(values["singleuser"]["storage"])
    assert values["custom"]["capabilities"]["services"] == {}


def test_credentials_are_named_and_where_to_read_more() -> None:
    entry = entries(one_service())["trino"]
    assert (entry["credentials"], entry["docs"]) == ("trino-login", "https://d.example")
    page = catalogue_files(one_service(description="a|b"))["README.md"]
    assert "`trino-login`" in page
    assert "a\\|b [https://d.example](https://d.example) |" in page


def test_nothing_is_made_of_nothing() -> None:
    assert made(settings_of("lab")).of(MAP) == []


def test_the_maps_lie_beside_the_hub_under_the_component() -> None:
    recorder = made(carbon())
    assert set(maps(carbon())) == {CATALOGUE, *environments(carbon()), "portal-card"}
    assert {one.plain()["metadata"]["name"] for one in recorder.of(POLICY)} == set(environments(carbon()))
    for asked in (*recorder.of(MAP), *recorder.of(POLICY)):
        assert asked.plain()["metadata"]["namespace"] == "jupyter"
        assert "jupyterhub:components:Platform::platform" in asked.parent


def test_the_card_leads_to_the_address_that_people_type() -> None:
    shown = card(carbon())
    assert shown is not None
    assert shown["url"] == "https://jupyter.254carbon.com"
    assert set(shown) == {"id", "title", "description", "category", "url"}
    iconic = card(settings_of("carbon254", {"services": {"portalCard": {"icon": "notebook"}}}))
    assert iconic is not None
    assert iconic["icon"] == "notebook"


def test_the_card_says_the_same_in_both_forms() -> None:
    odd = settings_of("carbon254", {"services": {"portalCard": {"title": 'Ada\'s "hub" `${x}` \\ */'}}})
    files = card_files(odd)
    assert json.loads(files["card.json"]) == card(odd)
    head, _, rest = files["card.ts"].partition("export const card = ")
    assert head.startswith("//")
    assert json.loads(rest.removesuffix(" as const satisfies PortalCard;\n")) == card(odd)


def test_the_card_is_what_its_schema_says() -> None:
    files = card_files(settings_of("carbon254", {"services": {"portalCard": {"icon": "notebook"}}}))
    schema, shown = json.loads(files["card.schema.json"]), json.loads(files["card.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(shown, schema)
    for wrong in ({**shown, "url": "ftp://x"}, {**shown, "more": ""}, {"title": "JupyterHub"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_free_text_ends_no_script_of_a_page() -> None:
    title = "</script><!--&\u2028\u2029"
    files = card_files(settings_of("carbon254", {"services": {"portalCard": {"title": title}}}))
    for text in files.values():
        assert not set("<>&\u2028\u2029") & set(text.replace("/**", ""))
    assert json.loads(files["card.json"])["title"] == title


def test_a_hub_without_a_card_has_none() -> None:
    assert card(settings_of("lab")) is None
    assert card_files(settings_of("lab")) == {}


def test_the_page_for_operators_asks_for_what_254carbon_needs() -> None:
    page = (PROJECT / "docs" / "services.md").read_text()
    services = {namespace for *_, namespace, _ in ROWS}
    asked = [request for request in requests(carbon()) if request.namespace in services]
    assert markdown(asked, "jupyter") in page


def test_owners_of_other_namespaces_are_asked_by_the_labels_of_our_pods() -> None:
    text = markdown(requests(carbon()), "jupyter")
    assert "| trino | all | let in from | component=singleuser-server,release=jupyterhub | 8080/tcp |" in text
    assert "| monitoring | all | let out to | component=hub,release=jupyterhub | 8081/tcp |" in text
    assert all(request.plain()["settings"] for request in requests(carbon()))
    narrow = one_service(reach={"namespace": "trino", "pods": {"app": "c"}, "ports": [8443]})
    assert "| trino | app=c | let in from |" in markdown(requests(narrow), "jupyter")
