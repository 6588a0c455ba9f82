"""Runs a program against a monitor that keeps what the engine would be asked, as it is on the wire.

Pulumi's own mocks show inputs after secrets were unwrapped, and neither parents nor protection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks, set_mocks
from pulumi.runtime.proto import resource_pb2 as wire

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"


@dataclass(frozen=True)
class Request:
    """One resource, as the engine would be asked for it."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str
    protect: bool
    retain: bool
    deleted_with: str
    delete_before_replace: bool | None  # None: as the provider thinks fit
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    provider: str
    dependencies: frozenset[str]
    secret_outputs: frozenset[str]
    inputs: dict[str, Any]

    def plain(self) -> dict[str, Any]:
        """Inputs with secrets unwrapped."""
        result: dict[str, Any] = unwrapped(self.inputs)
        return result


class _Cluster(Mocks):
    """Answers as a cluster would: it gives names, and random values that tell where they come from."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.startswith("kubernetes:") and "metadata" in outputs:
            metadata = {"name": f"{args.name}-generated", **dict(outputs["metadata"])}
            outputs["metadata"] = metadata
        if args.typ.startswith("random:"):
            outputs |= {"hex": f"random-{args.name}", "result": f"random-{args.name}"}
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"the program calls {args.token}: it must depend on settings alone")


@dataclass
class Recorder(MockMonitor):
    """Keeps every request; one per test."""

    requests: dict[str, Request] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(_Cluster())

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """Build the URN as the engine does: the stack is nobody's qualifier."""
        above = "" if not parent or "::pulumi:pulumi:Stack::" in parent else parent.split("::")[2] + "$"
        return f"urn:pulumi:test::jupyterhub::{above}{type_}::{name}"

    def RegisterResource(  # noqa: N802 -- the name on the wire
        self, request: wire.RegisterResourceRequest
    ) -> wire.RegisterResourceResponse:
        urn = self.make_urn(request.parent, request.type, request.name)
        assert urn not in self.requests, f"registered twice: {urn}"
        if request.type != "pulumi:pulumi:Stack":
            self.requests[urn] = self._kept(urn, request)
        response: wire.RegisterResourceResponse = super().RegisterResource(request)  # type: ignore[no-untyped-call]
        return response

    def _kept(self, urn: str, request: wire.RegisterResourceRequest) -> Request:
        return Request(
            urn=urn,
            type=request.type,
            name=request.name,
            custom=request.custom,
            parent=request.parent,
            protect=request.protect,
            retain=request.retainOnDelete,
            deleted_with=request.deletedWith,
            delete_before_replace=request.deleteBeforeReplace if request.deleteBeforeReplaceDefined else None,
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            provider=request.provider,
            dependencies=frozenset(request.dependencies),
            secret_outputs=frozenset(request.additionalSecretOutputs),
            inputs=MessageToDict(request.object),
        )

    def of(self, kind: str) -> list[Request]:
        return [request for request in self.requests.values() if request.type == kind]

    def one(self, kind: str, name: str | None = None) -> Request:
        found = [request for request in self.of(kind) if name in (None, request.name)]
        assert len(found) == 1, f"{len(found)} of {kind} {name or ''}"
        return found[0]


def run(program: Callable[[], Any], keep: list[Recorder] | None = None) -> tuple[Recorder, Any]:
    """Run a program to its end; give what it asked for, and its outputs with what they resolve to.

    `keep` receives the recorder before the program starts, for programs that end in an error.
    """
    recorder = Recorder()
    if keep is not None:
        keep.append(recorder)
    set_mocks(_Cluster(), project="jupyterhub", stack="test", preview=False, monitor=recorder)
    seen: list[Any] = []

    def whole() -> pulumi.Output[None]:
        return pulumi.Output.from_input(program()).apply(seen.append)

    pulumi.runtime.test(whole)()  # type: ignore[no-untyped-call]
    return recorder, seen[0]


def unwrapped(value: object) -> Any:  # noqa: ANN401 -- JSON
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return unwrapped(value["value"])
        return {key: unwrapped(item) for key, item in value.items()}
    return [unwrapped(item) for item in value] if isinstance(value, list) else value


def secret_paths(value: object, at: str = "") -> Iterator[str]:
    """Give the paths of the leaves that are marked secret."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            yield at
            return
        for key, item in value.items():
            yield from secret_paths(item, f"{at}/{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from secret_paths(item, f"{at}/{place}")
