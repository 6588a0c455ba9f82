"""The kinds that rights are made from are those that Helm renders."""

from __future__ import annotations

from pathlib import Path

from chart.rendered import kinds
from tests.tools.test_rendered import KUBERNETES, Chart, Json, chart, helm, settings, values

__all__ = ["chart", "helm", "settings", "values"]


def test_the_kinds_of_a_stack_s_release_are_known(chart: Chart, values: Json, tmp_path: Path) -> None:
    made = {
        f"{one['apiVersion'] if '/' in one['apiVersion'] else 'core/' + one['apiVersion']}:{one['kind']}"
        for one in chart.renders(values, KUBERNETES[-1], tmp_path)
    }
    assert kinds(values) == made
