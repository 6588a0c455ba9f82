"""The gRPC side: the engine's requests to Python values, and answers or errors back to messages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import grpc  # type: ignore[import-untyped]
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc, status_pb2

from embedded.fault import Fault
from embedded.providers.changes import Kind, path_text
from embedded.providers.codec import Properties, decode, encode
from embedded.providers.errors import PartlyDone, ProviderError
from embedded.providers.lifecycle import Autoname, Checked, Differences, Provider, Update, Urn

Request = Any
Message = Any
Context = Any
Answer = TypeVar("Answer")
UNKNOWN_CODE = 2
NO_AUTONAMES = provider_pb2.CheckRequest.AutonamingOptions.DISABLE


class Plugin(Protocol):
    """A provider plugin: its configuration, and who handles a resource type."""

    version: str

    def check_config(self, urn: Urn, new: Properties) -> Checked:
        """Validate the provider's own settings."""
        ...

    def diff_config(self, old: Properties, new: Properties) -> tuple[list[str], list[str]]:
        """Say which settings changed, and which of those replace the provider and all its resources."""
        ...

    def configure(self, variables: Mapping[str, str]) -> None:
        """Take the settings; refuses what must not be touched."""
        ...

    def handler(self, type_: str) -> Provider:
        """Choose who handles a resource type."""
        ...

    def cancel(self) -> None:
        """End all waits."""
        ...

    def busy(self) -> bool:
        """Whether something still runs that should end in its own words."""
        ...


def answering(
    method: Callable[[Any, Request, Context], Answer],
) -> Callable[[Any, Request, Context], Answer]:
    """End every failure in one message for a person: nothing but a bug of ours shows a traceback."""

    @functools.wraps(method)
    def call(self: Message, request: Request, context: Context) -> Answer:
        try:
            return method(self, request, context)
        except PartlyDone as partly:
            _attach(context, partly, secrets=self.secrets)
            context.abort(grpc.StatusCode.UNKNOWN, str(partly))
        except (Fault, ProviderError) as error:
            context.abort(grpc.StatusCode.UNKNOWN, str(error))
        except NotImplementedError as error:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        raise AssertionError("abort raises")

    return call


def _attach(context: Context, partly: PartlyDone, *, secrets: bool) -> None:
    detail = provider_pb2.ErrorResourceInitFailed(
        id=partly.id,
        properties=encode(partly.state, secrets=secrets),
        reasons=partly.reasons,
        inputs=encode(partly.inputs, secrets=secrets) if partly.inputs is not None else None,
    )
    packed = Packed()
    packed.Pack(detail)
    status = status_pb2.Status(code=UNKNOWN_CODE, message=str(partly), details=[packed])
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))


def changes_message(found: Differences) -> provider_pb2.DiffResponse:
    """Write the answer to Diff."""
    kinds = provider_pb2.PropertyDiff.Kind
    detailed = {}
    for one in found.changes:
        name = f"{one.kind.value}_REPLACE" if one.replaces else one.kind.value
        detailed[one.text] = provider_pb2.PropertyDiff(
            kind=kinds.Value(name), inputDiff=one.kind is Kind.DELETE
        )
    some = bool(found.changes)
    return provider_pb2.DiffResponse(
        changes=provider_pb2.DiffResponse.DIFF_SOME if some else provider_pb2.DiffResponse.DIFF_NONE,
        replaces=[one.text for one in found.changes if one.replaces],
        diffs=sorted({path_text(one.path[:1]) for one in found.changes}),
        deleteBeforeReplace=found.delete_first,
        detailedDiff=detailed,
        hasDetailedDiff=True,
    )


class Servicer(provider_pb2_grpc.ResourceProviderServicer):
    """Answers the engine for one plugin."""

    def __init__(self, plugin: Plugin) -> None:
        self.plugin = plugin
        self.secrets = True

    def _encode(self, properties: Properties) -> Message:
        return encode(properties, secrets=self.secrets)

    def GetPluginInfo(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        return plugin_pb2.PluginInfo(version=self.plugin.version)

    def Attach(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        return Empty()

    def Cancel(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        self.plugin.cancel()
        return Empty()

    @answering
    def GetSchema(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        raise ProviderError(
            "the embedded provider has no schema: use `pulumi import --generate-code=false`, "
            "or the official plugin for what needs one"
        )

    @answering
    def CheckConfig(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        return self._checked(self.plugin.check_config(Urn(request.urn), decode(request.news)), request.news)

    @answering
    def DiffConfig(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        old = request.old_inputs if request.HasField("old_inputs") else request.olds
        changed, replaces = self.plugin.diff_config(decode(old), decode(request.news))
        kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=kind, diffs=changed, replaces=replaces)

    @answering
    def Configure(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        self.secrets = request.acceptSecrets
        self.plugin.configure({key.rsplit(":", 1)[-1]: value for key, value in request.variables.items()})
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True,
            supportsPreview=True,
            acceptResources=False,
            supports_autonaming_configuration=True,
        )

    def _handler(self, request: Request) -> tuple[Provider, Urn]:
        urn = Urn(request.urn)
        return self.plugin.handler(urn.type), urn

    def _checked(self, checked: Checked, given: Message = None) -> Message:
        failures = [provider_pb2.CheckFailure(property=name, reason=why) for name, why in checked.failures]
        inputs = given if given is not None else self._encode(checked.inputs)
        return provider_pb2.CheckResponse(inputs=inputs, failures=failures)

    @answering
    def Check(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        handler, urn = self._handler(request)
        options = request.autonaming if request.HasField("autonaming") else None
        naming = Autoname(
            seed=request.randomSeed,
            proposed=options.proposed_name if options else "",
            disabled=options is not None and options.mode == NO_AUTONAMES,
        )
        return self._checked(handler.check(urn, decode(request.olds), decode(request.news), naming))

    @answering
    def Diff(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        handler, urn = self._handler(request)
        return changes_message(
            handler.diff(
                urn,
                decode(request.olds),
                decode(request.old_inputs),
                decode(request.news),
                list(request.ignoreChanges),
            )
        )

    @answering
    def Create(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        handler, urn = self._handler(request)
        id_, state = handler.create(urn, decode(request.properties), request.timeout, request.preview)
        return provider_pb2.CreateResponse(id=id_, properties=self._encode(state))

    @answering
    def Read(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        handler, urn = self._handler(request)
        live = handler.read(urn, request.id, decode(request.properties), decode(request.inputs))
        if not live.id:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=live.id, properties=self._encode(live.state), inputs=self._encode(live.inputs)
        )

    @answering
    def Update(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        handler, urn = self._handler(request)
        change = Update(
            id=request.id,
            state=decode(request.olds),
            old=decode(request.old_inputs),
            new=decode(request.news),
            timeout=request.timeout,
            preview=request.preview,
            ignored=list(request.ignoreChanges),
        )
        return provider_pb2.UpdateResponse(properties=self._encode(handler.update(urn, change)))

    @answering
    def Delete(self, request: Request, context: Context) -> Message:  # noqa: N802, D102
        handler, urn = self._handler(request)
        handler.delete(urn, request.id, decode(request.properties), request.timeout)
        return Empty()
