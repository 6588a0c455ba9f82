"""Rules about running a hub: who sees its metrics, whom alerts wake, who lets a change through."""

from __future__ import annotations

from collections.abc import Iterator

from settings.about import About
from settings.delivery import ByHand, Delivery
from settings.door import Door
from settings.finding import Finding
from settings.monitoring import Monitoring
from settings.names import seconds

_MANY = 100
_LONGEST_INTERVAL = 120
"""Seconds. A rate over five minutes needs two values in them, also when one is lost."""
_LONGEST_START = 600
"""Seconds. The last bound of the hub's histogram of starts: no quantile is ever beyond it."""


def somebody_can_scrape(monitoring: Monitoring) -> Iterator[Finding]:
    """Refuse a Prometheus that no policy lets in."""
    if monitoring.metrics and monitoring.stack != "none" and not monitoring.namespaces:
        yield Finding(
            path="settings.monitoring.namespaces",
            rule="D20",
            what=f"the {monitoring.stack} Prometheus reads metrics, and no namespace may reach them.",
            follows="Every scrape times out, and the alert that says so is the only one that comes.",
            remedy="Name the namespace in which that Prometheus runs.",
        )


def what_watches_has_metrics(monitoring: Monitoring) -> Iterator[Finding]:
    """Point at watching without anything to see."""
    watching = [
        field
        for field, on in (
            ("operator", monitoring.operator),
            ("namespaces", bool(monitoring.namespaces)),
            ("dashboards", monitoring.dashboards),
        )
        if on
    ]
    if not monitoring.metrics and watching:
        yield Finding(
            path="settings.monitoring.metrics",
            rule="D20",
            what=f"metrics are off, and {', '.join(watching)} given.",
            follows="Nobody has a token that reads them: every scrape is refused, every panel empty.",
            remedy="Switch metrics on, or leave the rest out.",
            severity="warning",
        )


def labels_are_read_by_an_operator(monitoring: Monitoring) -> Iterator[Finding]:
    """Point at labels for objects that are not made."""
    if monitoring.labels and not monitoring.operator:
        yield Finding(
            path="settings.monitoring.labels",
            rule="M1",
            what="labels are given for ServiceMonitor and PrometheusRule, and operator is false.",
            follows="Neither is made, so nothing carries the labels and nothing is scraped by them.",
            remedy="Say operator: true where the cluster has the Prometheus operator.",
            severity="warning",
        )


def folder_is_of_dashboards(monitoring: Monitoring) -> Iterator[Finding]:
    """Point at a folder for what is not made."""
    if monitoring.dashboard_folder and not monitoring.dashboards:
        yield Finding(
            path="settings.monitoring.dashboardFolder",
            rule="M1",
            what=f"the folder {monitoring.dashboard_folder} is given, and dashboards is false.",
            follows="No dashboard is made, so the folder stays empty.",
            remedy="Say dashboards: true where a Grafana picks them up.",
            severity="warning",
        )


def rules_see_enough(monitoring: Monitoring) -> Iterator[Finding]:
    """Refuse alerts that could not ring: too few values, or a bound past the scale."""
    if seconds(monitoring.interval) > _LONGEST_INTERVAL:
        yield Finding(
            path="settings.monitoring.interval",
            rule="M3",
            what=f"Prometheus asks every {monitoring.interval}, and alerts look at five minutes.",
            follows="With one value lost there is no rate left, and no alert that is made of rates.",
            remedy="Write 2m or less; 30s is usual.",
        )
    if seconds(monitoring.thresholds.spawn_slow) >= _LONGEST_START:
        yield Finding(
            path="settings.monitoring.thresholds.spawnSlow",
            rule="M3",
            what=f"starts are slow from {monitoring.thresholds.spawn_slow} on, and the hub counts up to 10m.",
            follows="However slow servers start, the alert stays silent.",
            remedy="Write less than 10m.",
        )


def alerts_have_a_sender(monitoring: Monitoring) -> Iterator[Finding]:
    """Refuse people to be woken by rules that nobody evaluates."""
    if monitoring.alerts and (monitoring.stack == "none" or not monitoring.operator):
        yield Finding(
            path="settings.monitoring.alerts",
            rule="M2",
            what=f"alerts go to {', '.join(monitoring.alerts)}, and no Prometheus evaluates the rules.",
            follows="Everybody relies on being woken, and nothing wakes them.",
            remedy="Say whose Prometheus it is (stack) and operator: true, or leave alerts out.",
        )


def dashboards_have_a_grafana(monitoring: Monitoring) -> Iterator[Finding]:
    """Point at a Grafana, or dashboards, without any Prometheus."""
    if monitoring.stack == "none" and (monitoring.dashboards or monitoring.grafana):
        yield Finding(
            path="settings.monitoring.stack",
            rule="M2",
            what="dashboards or a Grafana are given, and stack is none.",
            follows="The panels have nothing to show.",
            remedy="Say whose Prometheus it is: own or corporate.",
            severity="warning",
        )


def somebody_lets_changes_through(delivery: Delivery, about: About, ingress: Door) -> Iterator[Finding]:
    """Point at a pipeline that deploys unasked to many people."""
    if isinstance(delivery, ByHand) or delivery.approval == "manual":
        return
    if about.scale.users >= _MANY or ingress.reach == "public":
        yield Finding(
            path="settings.delivery.approval",
            rule="L1",
            what=f"a merge deploys to {about.scale.users} users, and nobody is asked.",
            follows="A mistake that passed review is everybody's at once.",
            remedy="Say approval: manual.",
            severity="warning",
        )


RULES = (
    somebody_can_scrape,
    what_watches_has_metrics,
    labels_are_read_by_an_operator,
    folder_is_of_dashboards,
    rules_see_enough,
    alerts_have_a_sender,
    dashboards_have_a_grafana,
    somebody_lets_changes_through,
)
