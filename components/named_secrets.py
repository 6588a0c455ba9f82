"""Secrets that pods name and the stack itself keeps: credentials of services, of a bucket, of registries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from settings.referred import Referred


@dataclass(frozen=True, kw_only=True)
class NamedSecretsArgs:
    """The Secrets that settings name, and the content of those that the stack brings."""

    namespace: pulumi.Input[str]
    wanted: Sequence[Referred]
    brought: Mapping[str, Mapping[str, pulumi.Output[str]]]
    """By the Secret's name, then by its key; a name that is missing is somebody else's to keep."""


class NamedSecrets(pulumi.ComponentResource):
    """One Secret for each name. No outputs: the values name them as the settings do."""

    def __init__(self, name: str, args: NamedSecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:NamedSecrets", name, None, opts)
        for one in args.wanted:
            if one.name in args.brought:
                k8s.core.v1.Secret(
                    one.name,
                    # Fixed and mutable: pods name it, and the next one that starts reads what is there then.
                    metadata={"name": one.name, "namespace": args.namespace},
                    type="kubernetes.io/dockerconfigjson" if one.registry else "Opaque",
                    string_data=dict(args.brought[one.name]),
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.register_outputs({})
