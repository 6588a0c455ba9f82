"""Dashboards as Grafana reads them: numbers for the panels, and a place for each."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

from observability.model import Dashboard, Panel, Row

_COLUMNS = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
Json = dict[str, Any]


def render(dashboard: Dashboard) -> Json:
    """Write a dashboard in Grafana's own form."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["jupyterhub"],
        "schemaVersion": 39,
        # Whoever edits it in Grafana would lose that at the next deployment.
        "editable": False,
        "refresh": "1m",
        "time": {"from": "now-6h", "to": "now"},
        "timezone": "browser",
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                }
            ]
        },
        "panels": list(_placed(dashboard.rows)),
    }


def _placed(rows: tuple[Row, ...]) -> Iterator[Json]:
    """Lay the panels out from left to right, and begin a new line where the next one has no room."""
    numbers, top = count(1), 0
    for row in rows:
        yield {
            "id": next(numbers),
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": top, "w": _COLUMNS, "h": 1},
        }
        left, top, tallest = 0, top + 1, 0
        for panel in row.panels:
            if left + panel.width > _COLUMNS:
                left, top, tallest = 0, top + tallest, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            yield {"id": next(numbers), **_panel(panel), "gridPos": place}
            left, tallest = left + panel.width, max(tallest, panel.height)
        top += tallest


def _panel(panel: Panel) -> Json:
    heatmap, now = panel.kind == "heatmap", panel.kind in ("stat", "bargauge")
    limits = {"min": 0} | ({} if panel.most is None else {"max": panel.most})
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, **limits}, "overrides": []},
        "options": _OPTIONS.get(panel.kind, {}),
        "targets": [
            {
                "refId": chr(ord("A") + at),
                "datasource": _SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend,
                "format": "heatmap" if heatmap else "time_series",
                "instant": now,
                "range": not now,
            }
            for at, query in enumerate(panel.queries)
        ],
    }


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[str, Json] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "none"},
    "bargauge": {"reduceOptions": _LAST, "orientation": "horizontal", "displayMode": "basic"},
    # Prometheus gives buckets that hold all smaller ones too; Grafana takes the difference.
    "heatmap": {"calculate": False, "yAxis": {"unit": "s"}, "color": {"mode": "scheme", "scheme": "Oranges"}},
}
