"""What the hub reads at its start only changes its pod, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from chart.restarts import restarts
from chart.values import build
from tests.unit.documents import STACKS, Document, settings_of

ROOT = "-----BEGIN CERTIFICATE-----\nb25l\n-----END CERTIFICATE-----\n"
SOURCES: list[Document] = [
    {"source": "cluster"},
    {"source": "externalSecrets", "store": {"kind": "existing", "name": "company"}},
]


def marks(patch: Document) -> dict[str, Any]:
    # The rules want certificates that are some: here only a change of the text matters.
    settings = settings_of("aiv-prod", {name: part for name, part in patch.items() if name != "bundle"})
    if "bundle" in patch:
        bundle = settings.cluster.ca_bundle
        assert bundle is not None
        given = bundle.model_copy(update={"certificates": patch["bundle"]})
        cluster = settings.cluster.model_copy(update={"ca_bundle": given})
        settings = settings.model_copy(update={"cluster": cluster})
    made: dict[str, Any] = restarts(settings).get("hub", {}).get("annotations", {})
    return made


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source["source"])
def test_a_higher_generation_of_what_others_bring_rolls_the_hub(source: Document) -> None:
    first, second = (marks({"secrets": {**source, "generation": number}}) for number in (1, 2))
    assert first == {"jupyterhub-secrets-generation": "1"}
    assert second == {"jupyterhub-secrets-generation": "2"}


def test_a_changed_bundle_rolls_the_hub() -> None:
    first, same, other = (marks({"bundle": text}) for text in (ROOT, ROOT, ROOT + ROOT))
    assert first == same != other
    assert set(first) == {"checksum/certificate-authorities"}


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_rolls_a_hub_whose_secrets_and_authorities_change_its_pod_anyway(stack: str) -> None:
    assert "annotations" not in build(settings_of(stack))["hub"]
