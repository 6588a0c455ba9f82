"""What is said of a setting that is on its way out."""

from __future__ import annotations

from chart.catalogue import Notice
from settings.finding import Finding

RULES = {"T5": "A setting is not on its way out."}


def leaving(path: str, notice: Notice) -> Finding:
    """Warn of a setting that still works, and refuse one that does not."""
    since = f" since {notice.since}" if notice.since else ""
    use = f"Use {notice.use} instead." if notice.use else "Do without it."
    if notice.refused:
        return Finding(
            path=path,
            rule="T5",
            what=f"this setting is gone{since}.",
            follows="The hub does not start with it.",
            remedy=use,
        )
    return Finding(
        path=path,
        rule="T5",
        severity="warning",
        what=f"this setting is deprecated{since}.",
        follows="It works with this hub, and one of the next will ignore it or not start.",
        remedy=use,
    )
