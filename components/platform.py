"""What notebooks and the portal read about each other: the catalogue of platform services, the hub's card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from settings.services import CARD, CATALOGUE, ENVIRONMENT


@dataclass(frozen=True, kw_only=True)
class PlatformArgs:
    """The contents of each ConfigMap; one without contents is not made. Secrets are named, never told."""

    namespace: pulumi.Input[str]
    files: Mapping[str, str]
    """The catalogue as files, by name: user pods mount them."""
    environment: Mapping[str, str]
    """The services' variables: user pods get each of them."""
    card: Mapping[str, str]
    """The portal's card, by the name of its form."""


class Platform(pulumi.ComponentResource):
    """ConfigMaps of fixed names: pods refer to them, and read at their start what the stack last wrote."""

    def __init__(self, name: str, args: PlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Platform", name, None, opts)
        for role, map_name, data in (
            ("catalogue", CATALOGUE, args.files),
            ("environment", ENVIRONMENT, args.environment),
            ("portal-card", CARD, args.card),
        ):
            if data:
                k8s.core.v1.ConfigMap(
                    role,
                    metadata={"name": map_name, "namespace": args.namespace},
                    data=dict(data),
                    opts=pulumi.ResourceOptions(parent=self),
                )
        self.register_outputs({})
