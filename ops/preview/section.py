"""The section of a comment that tells one stack's preview, as Markdown, short enough for one note."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ops.difference_text import cut, fenced, value_text
from ops.preview.risks import Risk
from ops.preview.steps import Step
from ops.preview.told import Preview

MOST = 60_000
"""So many characters at most: a note of GitLab's takes a million, and nobody reads so many."""
_SIGNS = {"create": "+", "delete": "-", "replace": "!", "update": "~"}
_SHOWN = 12
_FIELDS = 40


def markdown(one: Preview, env: Mapping[str, str], most: int = MOST) -> str:
    """Write the section."""
    head = [f"### `{one.stack}`: {_outcome(one)}", "", *_source(env)]
    if one.failed:
        return "\n".join([*head, *_failure(one.failed), ""])
    parts = [*head, *_risks(one.risks, changed=bool(one.steps)), *_warnings(one.warnings)]
    text = "\n".join(parts)
    return f"{text}\n{_changes(one.steps, most - len(text))}"


def _outcome(one: Preview) -> str:
    if one.failed:
        return "the preview failed"
    changes = [f"{count} to {what}" for what, count in one.counts.items() if what != "same" and count]
    same = f"{one.counts.get('same', 0)} unchanged"
    return f"{', '.join([*changes, same])}" if changes else f"no change, {same}"


def _source(env: Mapping[str, str]) -> list[str]:
    commit, job = env.get("CI_COMMIT_SHORT_SHA"), env.get("CI_JOB_URL")
    parts = [f"Commit `{commit}`" if commit else "", f"[the job with its log]({job})" if job else ""]
    line = ", ".join(part for part in parts if part)
    return [f"{line}.", ""] if line else []


def _failure(words: str) -> list[str]:
    return [
        "Nothing is known about what this change would do to the stack. pulumi said:",
        "",
        fenced(f"{cut(words, MOST // 4)}\n", "text"),
    ]


def _risks(found: Sequence[Risk], *, changed: bool) -> Iterator[str]:
    if not found:
        yield "Nothing would change." if not changed else "None of the changes is of a kind to look at twice."
        yield ""
        return
    yield "**Look at this before you merge:**"
    yield ""
    for one in found:
        yield f"- **{one.words}**"
        yield from (f"  - `{_inline(line)}`" for line in one.because[:_SHOWN])
        if more := len(one.because) - _SHOWN:
            yield from [f"  - and {more} more"] if more > 0 else []
    yield ""


def _warnings(found: Sequence[str]) -> Iterator[str]:
    if found:
        yield f"{'1 warning' if len(found) == 1 else f'{len(found)} warnings'} of the preview:"
        yield ""
        yield fenced("".join(f"{cut(text, 2000)}\n" for text in found[:_SHOWN]), "text")
        yield ""


def _changes(found: Sequence[Step], room: int) -> str:
    if not found:
        return ""
    lines: list[str] = []
    left = 0
    for step in found:
        written = [_escaped(line) for line in _lines(step)]
        if sum(map(len, (*lines, *written))) + len(lines) > room:
            left += 1
        else:
            lines += written
    more = f"\n{left} more changes are too long for a comment; the job's log has them.\n" if left else ""
    body = fenced("".join(f"{line}\n" for line in lines), "diff")
    return f"<details><summary>Every change, field by field</summary>\n\n{body}\n{more}\n</details>\n"


def _lines(step: Step) -> Iterator[str]:
    yield f"{_SIGNS.get(step.what, '*')} {step.what} {step.title}"
    for one in step.fields[:_FIELDS]:
        yield f"    {one.path}: {value_text(one.before)} -> {value_text(one.after)}"
    if more := len(step.fields) - _FIELDS:
        yield from [f"    and {more} fields more"] if more > 0 else []


def _inline(text: str) -> str:
    return cut(text.replace("`", "'").replace("\n", " "), 300)


def _escaped(line: str) -> str:
    return line.replace("\n", "\\n")
