"""The comment's text: a mark that finds it again, a section for each stack, all within a note's limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LIMIT = 1_000_000
"""So many characters a note of GitLab's may have."""
_MARK = re.compile(r"<!-- ops comment: (?P<key>[\w.-]+), pipeline (?P<pipeline>\d+) -->")
_BEGIN = re.compile(r"^<!-- ops section: (?P<name>[\w.-]+) -->\n", re.M)
_END = "<!-- ops section ends -->"
_FENCE = re.compile(r"^\s*(?P<fence>`{3,})")
# GitLab takes such a line of a note for an order.
_ORDER = re.compile(r"^\s*/(?=[a-z])", re.I)
_CUT = "\n\nThe rest is too long for a comment; the job's log and artifact have it.\n"
_HEAD = "## What this change would do\n"


@dataclass(frozen=True, kw_only=True)
class Comment:
    """What a comment says, and which pipeline it is of."""

    key: str
    """Comments of different keys stand beside each other."""
    pipeline: int
    sections: Mapping[str, str]

    def beside(self, others: Iterable[Comment]) -> Comment:
        """Take over what jobs of the same pipeline wrote; what an earlier one wrote is worth nothing."""
        same = [one.sections for one in others if one.pipeline == self.pipeline]
        sections = {name: text for one in (*same, self.sections) for name, text in one.items()}
        return Comment(key=self.key, pipeline=self.pipeline, sections=sections)

    def written(self, limit: int = LIMIT) -> str:
        """Write the whole note."""
        head = f"<!-- ops comment: {self.key}, pipeline {self.pipeline} -->\n{_HEAD}"
        frames = sum(len(_framed(name, "")) for name in self.sections)
        room = (limit - len(head) - frames - 1) // max(1, len(self.sections))
        return head + "".join(
            _framed(name, shortened(text, room)) for name, text in sorted(self.sections.items())
        )


def read(note: str, key: str) -> Comment | None:
    """Read a note that `written` gave; None where it is somebody's own, or of another key."""
    found = _MARK.match(note)
    if not found or found["key"] != key:
        return None
    sections = {}
    for begin in _BEGIN.finditer(note):
        text, ends, _ = note[begin.end() :].partition(_END)
        if ends:
            sections[begin["name"]] = text
    return Comment(key=key, pipeline=int(found["pipeline"]), sections=sections)


def harmless(text: str) -> str:
    """Take out what GitLab or a later run would take for something else: orders, and our own marks."""
    lines, fence = [], ""
    for line in text.replace("\r", "").replace("<!--", "&lt;!--").splitlines():
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark["fence"]
        lines.append(line if fence else _ORDER.sub(r"\\/", line))
    return "\n".join(lines) + "\n"


def shortened(text: str, room: int) -> str:
    """Cut a section off at the end of a line, and close the block that is open there."""
    if len(text) <= room:
        return text
    kept, fence = [], ""
    left = room - len(_CUT) - len("\n````````\n</details>")
    for line in text.splitlines():
        left -= len(line) + 1
        if left < 0:
            break
        mark = _FENCE.match(line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark["fence"]
        kept.append(line)
    body = "\n".join(kept)
    folded = "\n</details>" if body.count("<details>") > body.count("</details>") else ""
    return f"{body}\n{fence}{folded}{_CUT}"


def _framed(name: str, text: str) -> str:
    return f"\n<!-- ops section: {name} -->\n{text}{_END}\n"
