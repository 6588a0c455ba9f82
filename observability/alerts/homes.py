"""Homes that fill: one alert for each that has a volume of its own, one for all that share a disk."""

from __future__ import annotations

from collections.abc import Iterator

from observability.model import Alert
from observability.series import Place
from settings import Settings

OWNER = "annotation_hub_jupyter_org_username"
"""The owner as the spawner writes it at the claim; kube-state-metrics tells it where it is asked to."""
_HOMES = 'persistentvolumeclaim=~"claim-.+"'
# Folders on a node and exports of a server report the whole disk below them. A volume of one's own is as
# large as was asked for, and little more where a driver rounds up.
_ROUNDED_UP = 2


def alerts(settings: Settings) -> Iterator[Alert]:
    """Give both: which kind of volume a class makes is seen in the numbers and not in its name."""
    here, homes = Place(settings.namespace.name), settings.storage.homes
    left = homes.warn_below
    yield Alert(
        name="JupyterHubHomeNearlyFull",
        expr=_with_owner(here, f"{_free(here)} < {left / 100} and {_as_large(here, '<=')}"),
        lasting="30m",
        severity="warning",
        summary="The home {{ $labels.persistentvolumeclaim }}"
        f"{{{{ with $labels.{OWNER} }}}} of {{{{ . }}}}{{{{ end }}}} is nearly full",
        description="{{ $value | humanizePercentage }} of it is free. Full, it takes no more of its owner's "
        "work; the server starts all the same, so that they can clean up.",
    )
    shared = f"min({_free(here)} and {_as_large(here, '>')})"
    yield Alert(
        name="JupyterHubHomesDiskNearlyFull",
        expr=f"{shared} < {settings.monitoring.thresholds.volume_left / 100}",
        lasting="15m",
        severity="warning",
        summary="The disk that homes share is nearly full",
        description="{{ $value | humanizePercentage }} of it is free. When it is full nobody saves anything.",
    )


def _free(here: Place) -> str:
    free, whole = (_of_each(here, f"kubelet_volume_stats_{kind}_bytes") for kind in ("available", "capacity"))
    return f"{free} / {whole}"


def _as_large(here: Place, compared: str) -> str:
    """Compare volumes with what their claims asked for; nothing where nobody tells what they did."""
    asked = _of_each(here, "kube_persistentvolumeclaim_resource_requests_storage_bytes")
    return f"{_of_each(here, 'kubelet_volume_stats_capacity_bytes')} {compared} {_ROUNDED_UP} * {asked}"


def _with_owner(here: Place, found: str) -> str:
    told = here.series("kube_persistentvolumeclaim_annotations", _HOMES)
    named = f"max by (persistentvolumeclaim, {OWNER}) ({told})"
    by_claim = "on (persistentvolumeclaim)"
    return f"({found}) * {by_claim} group_left ({OWNER}) {named} or {by_claim} {found}"


def _of_each(here: Place, metric: str) -> str:
    return f"max by (persistentvolumeclaim) ({here.series(metric, _HOMES)})"
