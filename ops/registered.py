"""What a stack registers, found by composing it without an engine: nothing is asked, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks, set_mocks

from chart.archive import Archive
from chart.values import build
from deployment.compose import compose
from ops.placeholders import auto_named, generated, opened
from settings import Settings
from settings.load import Brought

_KUBERNETES = "kubernetes:"


@dataclass(frozen=True, kw_only=True)
class Registered:
    """One object of the cluster."""

    kind: str
    """As `group/version:Kind`."""
    inputs: Mapping[str, Any]
    logical_name: str = ""
    """Its name in the stack."""

    @property
    def name(self) -> str:
        """Its name in the cluster; empty where Pulumi gives one."""
        return str((self.inputs.get("metadata") or {}).get("name") or "")

    @property
    def namespace(self) -> str:
        """Its namespace; empty for what belongs to the whole cluster."""
        # A release says it beside its name.
        place = (self.inputs.get("metadata") or {}).get("namespace") or self.inputs.get("namespace")
        return str(place or "")


@dataclass
class _Ledger(Mocks):
    found: list[Registered] = field(default_factory=list)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.startswith(_KUBERNETES):
            kind, inputs = args.typ.removeprefix(_KUBERNETES), opened(args.inputs)
            self.found.append(Registered(kind=kind, inputs=inputs, logical_name=args.name))
            outputs["metadata"] = {"name": auto_named(args.name), **(outputs.get("metadata") or {})}
        if args.typ.startswith("random:"):
            outputs["result"] = generated(args.name)
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        return {}, None


def registered(settings: Settings, bring: Callable[[], Brought] = Brought) -> list[Registered]:
    """Give every object that the stack itself makes; those of the release are the chart's.

    A secret that nobody brings may leave out its object.
    """
    ledger = _Ledger()
    set_mocks(ledger, project="jupyterhub", stack="rights", preview=False)
    archive = Archive(version=settings.chart.version, defaults={}, schema={})

    def program() -> pulumi.Output[Any]:
        return pulumi.Output.from_input(compose(settings, bring(), build(settings), archive))

    pulumi.runtime.test(program)()  # type: ignore[no-untyped-call]
    return ledger.found
