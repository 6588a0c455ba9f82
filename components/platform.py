"""What notebooks and the portal read about each other: the catalogue of platform services, the hub's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from settings.services import CARD, CATALOGUE


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """The contents of each ConfigMap; one without contents is not made. Secrets are named, never told."""

    namespace: pulumi.Input[str]
    files: Mapping[str, str]
    """The catalogue as files, by name: user pods mount them."""
    environments: Mapping[str, Mapping[str, str]]
    """Each service's variables, by the name of the ConfigMap: pods of those who may use it read them."""
    policies: Mapping[str, Mapping[str, Any]]
    """The way out to each service, by its policy's name: for pods of those who may use it."""
    card: Mapping[str, str]
    """The portal's card, by the name of its form."""


class Platform(pulumi.ComponentResource):
    """ConfigMaps of fixed names: pods refer to them, and read at their start what the stack last wrote."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Platform", name, None, opts)
        for role, map_name, data in (
            ("catalogue", CATALOGUE, args.files),
            *((name, name, variables) for name, variables in args.environments.items()),
            ("portal-card", CARD, args.card),
        ):
            if data:
                k8s.core.v1.ConfigMap(
                    role,
                    metadata={"name": map_name, "namespace": args.namespace},
                    data=dict(data),
                    opts=pulumi.ResourceOptions(parent=self),
                )
        spec: Any
        for policy, spec in args.policies.items():
            k8s.networking.v1.NetworkPolicy(
                policy,
                metadata={"name": policy, "namespace": args.namespace},
                spec=spec,
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
