"""Reads PromQL with a parser that is none of ours, and gives what an expression selects."""

from __future__ import annotations

from collections.abc import Iterator

import promql_parser

Selected = tuple[str, frozenset[str]]


def selected(expr: str) -> list[Selected]:
    """Give each metric that an expression names, with the labels by which it selects; or raise ValueError."""
    found: list[Selected] = []

    def visit(node: promql_parser.Expr) -> None:
        if isinstance(node, promql_parser.VectorSelector):
            labels = frozenset(one.name for one in node.matchers.matchers)
            found.append((str(node.name), labels))

    promql_parser.walk(promql_parser.parse(expr), visit)
    return found


def unknown(expr: str, known: dict[str, frozenset[str]]) -> Iterator[str]:
    """Give what an expression names and nothing exports."""
    for metric, labels in selected(expr):
        if metric not in known:
            yield metric
        else:
            yield from (f"{metric}.{label}" for label in sorted(labels - known[metric]))
