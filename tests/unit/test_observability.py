"""Alerts and dashboards: of metrics that exist, each with a page that says what to do, each in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

import observability
from observability import alerts, grafana
from observability.model import Alert, Dashboard, Panel, Row
from settings.break_glass import USER
from settings.names import seconds
from tests.metrics import known
from tests.unit.documents import PROJECT, STACKS, Document, settings_of
from tests.unit.promql import selected, unknown

KNOWN = known()
EXPIRES = date(2027, 6, 30)
PAGE = PROJECT / "docs" / "monitoring.md"
OURS = ("audit_counts.py", "audit_record.py")
# The committed stacks, and what none of them has.
VARIANTS: dict[str, tuple[str, Document]] = {
    **{stack: (stack, {}) for stack in STACKS},
    "cert-manager": (
        "iav-test",
        {"tls": {"source": "certManager", "issuer": "company", "secretName": None}},
    ),
    "no trail": ("aiv-prod", {"monitoring": {"audit": False}}),
    "a client secret with an end": ("aiv-prod", {"auth": {"clientSecretExpires": "2027-06-30"}}),
    "no metrics": ("iav-test", {"monitoring": {"metrics": False}}),
}


def alerts_of(name: str) -> list[Alert]:
    stack, patch = VARIANTS[name]
    return [one for found in alerts.by_topic(settings_of(stack, patch), EXPIRES).values() for one in found]


def panels_of(stack: str) -> list[dict[str, Any]]:
    (text,) = observability.dashboards(settings_of(stack)).values()
    panels = json.loads(text)["panels"]
    assert isinstance(panels, list)
    return panels


def queries(stack: str) -> Iterator[str]:
    for panel in panels_of(stack):
        for target in panel.get("targets", ()):
            # Grafana puts a span of time there.
            yield target["expr"].replace("$__rate_interval", "5m")


EVERY_ALERT = {one.name: one for name in VARIANTS for one in alerts_of(name)}


@pytest.mark.parametrize("name", VARIANTS)
def test_alerts_name_metrics_and_labels_that_exist(name: str) -> None:
    assert {one.name: list(unknown(one.expr, KNOWN)) for one in alerts_of(name)} == {
        one.name: [] for one in alerts_of(name)
    }


@pytest.mark.parametrize("stack", STACKS)
def test_panels_name_metrics_and_labels_that_exist(stack: str) -> None:
    assert [wrong for expr in queries(stack) for wrong in unknown(expr, KNOWN)] == []


def test_an_expression_that_names_something_else_is_found() -> None:
    found = unknown('jupyterhub_running{a="b"} + up{job="x", status="y"} + jupyterhub_running_servers', KNOWN)
    assert list(found) == ["jupyterhub_running", "up.status"]
    with pytest.raises(ValueError, match="unclosed"):
        selected("sum(rate(up[5m])")


@pytest.mark.parametrize("stack", STACKS)
def test_everything_is_of_this_hub_s_namespace(stack: str) -> None:
    mine = f'namespace="{settings_of(stack).namespace.name}"'
    for expr in [*(one.expr for one in alerts_of(stack)), *queries(stack)]:
        metrics = [metric for metric, _ in selected(expr)]
        assert expr.count(mine) == len(metrics), expr


def test_alerts_end_in_a_condition() -> None:
    """Else they would ring for as long as the metric is there at all."""
    for alert in EVERY_ALERT.values():
        parsed = promql_parser.parse(alert.expr)
        conditions = isinstance(parsed, promql_parser.BinaryExpr) or alert.expr.startswith("absent(")
        assert conditions, alert.expr


def test_every_alert_has_its_section_that_says_what_to_do() -> None:
    text = PAGE.read_text()
    sections = dict(re.findall(r"^### (JupyterHub\w+)\n(.*?)(?=^#|\Z)", text, re.MULTILINE | re.DOTALL))
    assert sections.keys() == EVERY_ALERT.keys()
    for name, section in sections.items():
        steps = re.findall(r"^\d+\. ", section, re.MULTILINE)
        assert len(steps) >= 2, f"{name}: what to do, in steps"


def test_an_alert_says_what_is_wrong_and_where_to_read_on() -> None:
    page = "https://git.example.org/hub/docs/monitoring.md"
    for alert in EVERY_ALERT.values():
        rule = alert.rule("hub", page)
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["labels"]["namespace"] == "hub"
        assert rule["annotations"]["runbook_url"] == f"{page}#{alert.name.lower()}"
        assert rule["annotations"]["description"].endswith(".")
        assert not rule["annotations"]["summary"].endswith(".")


@pytest.mark.parametrize("name", VARIANTS)
def test_no_alert_has_the_name_of_another(name: str) -> None:
    names = [one.name for one in alerts_of(name)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("stack", STACKS)
def test_rates_see_several_values(stack: str) -> None:
    interval = seconds(settings_of(stack).monitoring.interval)
    for alert in alerts_of(stack):
        for span in re.findall(r"\[(\w+)\]", alert.expr):
            assert seconds(span) >= 2 * interval, alert.name


def test_failures_are_counted_under_the_names_of_the_next_hub_too() -> None:
    failing = [one.expr for one in EVERY_ALERT.values() if 'status=~"failure' in one.expr]
    assert len(failing) == 2
    assert all('status=~"failure|error"' in expr for expr in failing)


def test_what_nothing_feeds_is_not_asked_for() -> None:
    names = {name: {one.name for one in alerts_of(name)} for name in VARIANTS}
    assert "JupyterHubTunnelDown" in names["lab"] - names["aiv-prod"]
    assert "JupyterHubGpuWaiting" in names["aiv-prod"] - names["carbon254"]
    assert "JupyterHubQuota" in names["aiv-prod"] - names["iav-test"]
    assert "JupyterHubNotScraped" in names["iav-test"] - names["no metrics"]
    assert "JupyterHubProviderAway" in names["aiv-prod"] - names["iav-test"]
    assert "JupyterHubNobodyGetsIn" in names["iav-test"] - names["no trail"]
    assert not [one for one in alerts_of("no trail") if "jupyterhub_audit" in one.expr]
    assert {one for one in names["a client secret with an end"] if "ClientSecret" in one}
    assert not {one for one in names["aiv-prod"] if "ClientSecret" in one}
    hub_metrics = [one for one in alerts_of("no metrics") if "jupyterhub_" in one.expr]
    assert hub_metrics == []


def test_the_end_of_a_certificate_is_watched_where_somebody_knows_it() -> None:
    ends = {one.name: one.expr for one in alerts_of("aiv-prod") if "Certificate" in one.name}
    assert ends == {
        "JupyterHubCertificateEndsSoon": f"vector(1814313600) - time() < {21 * 86400}",
        "JupyterHubCertificateEnds": f"vector(1814313600) - time() < {3 * 86400}",
    }
    theirs = [one.expr for one in alerts_of("cert-manager") if "Certificate" in one.name]
    assert all('name="jupyterhub-tls"' in expr for expr in theirs)
    assert len(theirs) == 2
    unknown_end = alerts.by_topic(settings_of("aiv-prod"), None)["keeping"]
    assert [one.name for one in unknown_end if "Certificate" in one.name] == []


def test_thresholds_are_those_of_the_settings() -> None:
    own = {"spawnSlow": "45s", "spawnFailures": 50, "errors": 1, "volumeLeft": 2, "certificateDays": 30}
    whole = settings_of("aiv-prod", {"monitoring": {"thresholds": own}})
    found = {one.name: one.expr for topic in alerts.by_topic(whole, EXPIRES).values() for one in topic}
    assert found["JupyterHubSpawnSlow"].endswith("> 45")
    assert "> 0.5 and" in found["JupyterHubSpawnFailures"]
    assert "> 0.01 and" in found["JupyterHubErrors"]
    assert found["JupyterHubVolumeNearlyFull"].endswith("< 0.02")
    assert found["JupyterHubVolumeFull"].endswith("< 0.02"), "critical is never earlier than the warning"
    assert found["JupyterHubCertificateEndsSoon"].endswith(f"< {30 * 86400}")


def cells_of(panels: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [
        (panel["gridPos"]["x"] + right, panel["gridPos"]["y"] + down)
        for panel in panels
        for right in range(panel["gridPos"]["w"])
        for down in range(panel["gridPos"]["h"])
    ]


def laid_out(panels: list[dict[str, Any]]) -> None:
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = cells_of(panels)
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(column for column, _ in cells) < 24


@pytest.mark.parametrize("stack", STACKS)
def test_panels_have_numbers_of_their_own_and_do_not_overlap(stack: str) -> None:
    laid_out(panels_of(stack))


@given(st.lists(st.lists(st.tuples(st.integers(1, 24), st.integers(1, 12)), max_size=8), max_size=4))
def test_panels_of_any_size_find_their_place(sizes: list[list[tuple[int, int]]]) -> None:
    rows = tuple(
        Row(
            title="row",
            panels=tuple(Panel(title="panel", queries=(), width=wide, height=high) for wide, high in row),
        )
        for row in sizes
    )
    panels = grafana.render(Dashboard(uid="any", title="any", rows=rows))["panels"]
    assert len(panels) == sum(1 + len(row) for row in sizes)
    if panels:
        laid_out(panels)


@pytest.mark.parametrize("stack", STACKS)
def test_every_panel_asks_the_chosen_prometheus(stack: str) -> None:
    for panel in panels_of(stack):
        if panel["type"] != "row":
            asked = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
            assert {one["uid"] for one in asked} == {"${datasource}"}
            letters = [target["refId"] for target in panel["targets"]]
            assert len(letters) == len(set(letters)) > 0


def test_two_hubs_share_a_grafana() -> None:
    named = [observability.dashboards(settings_of(stack)) for stack in ("aiv-prod", "aiv-staging")]
    assert not named[0].keys() & named[1].keys()
    long = settings_of("local", {"namespace": {"name": "x" * 63}})
    (text,) = observability.dashboards(long).values()
    assert len(json.loads(text)["uid"]) <= 40


def test_the_link_leads_to_the_dashboard() -> None:
    assert observability.link(settings_of("aiv-prod")) == "https://grafana.aiv.internal/d/hub-jupyterhub-prod"
    assert observability.link(settings_of("local")) is None


def test_the_account_of_emergencies_is_the_one_that_is_counted() -> None:
    text = (PROJECT / "files" / "hub" / "audit_counts.py").read_text()
    assert f'BREAK_GLASS = "{USER}"' in text


def test_counters_of_ours_are_those_that_the_hub_has() -> None:
    text = "".join((PROJECT / "files" / "hub" / name).read_text() for name in OURS)
    named = set(re.findall(r'"(jupyterhub_audit_\w+)"', text))
    assert named == {name for name in KNOWN if name.startswith("jupyterhub_audit_")}
