"""Rules about what is released: chart, images, generations of secrets."""

from __future__ import annotations

from collections.abc import Iterator

from settings.chart import Chart
from settings.finding import Finding
from settings.images import Images
from settings.secrets import Secrets

_OLDEST_CHART = (4, 4, 0)


def chart_is_new_enough(chart: Chart) -> Iterator[Finding]:
    """Refuse charts that let in whom ours refuses."""
    parts = tuple(int(part) for part in chart.version.split("-")[0].split("+")[0].split("."))
    if parts < _OLDEST_CHART:
        yield Finding(
            path="settings.chart.version",
            rule="D1",
            what=f"chart {chart.version} is older than 4.4.0.",
            follows="Old charts ignore sign-in settings that they do not know, and let everybody in.",
            remedy="Use chart 4.4.0 or newer.",
        )


def chart_lies_at_a_stable_path(chart: Chart) -> Iterator[Finding]:
    """Refuse what is no packed chart."""
    if not chart.path.endswith(".tgz"):
        yield Finding(
            path="settings.chart.path",
            rule="C1",
            what=f"{chart.path} is no chart archive.",
            follows="A folder or a repository can change under the same name, and no digest holds it.",
            remedy="Pack the chart (helm package) and give the path of the .tgz, relative to the project.",
        )


def tags_do_not_move(images: Images) -> Iterator[Finding]:
    """Refuse tags that mean something else tomorrow."""
    for name in ("hub", "proxy", "notebook"):
        image = getattr(images, name)
        if image.tag in ("latest", "stable", "main", "master"):
            yield Finding(
                path=f"settings.images.{name}.tag",
                rule="D29",
                what=f"{image.tag} means another image from day to day.",
                follows="Nodes run different images, and a rollback brings nothing back.",
                remedy="Use a version, a commit or a digest.",
            )


def keys_are_newest_first(secrets: Secrets) -> Iterator[Finding]:
    """Want the order that decides which key encrypts."""
    keys = secrets.generations.crypt_keys
    if list(keys) != sorted(set(keys), reverse=True) or min(keys) < 1:
        yield Finding(
            path="settings.secrets.generations.cryptKeys",
            rule="D16",
            what=f"{list(keys)} is not a falling list of generations from 1.",
            follows="An old key would go on encrypting, so that it can never be retired.",
            remedy="Put the newest first, such as [2, 1]; drop the old one after everybody signed in again.",
        )


RULES = (chart_is_new_enough, chart_lies_at_a_stable_path, tags_do_not_move, keys_are_newest_first)
