"""The company's certificate authorities as a ConfigMap, where the stack brings them."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from settings.cluster import CaBundle


@dataclass(frozen=True, kw_only=True)
class AuthoritiesArgs:
    """The bundle; without certificates somebody else keeps the ConfigMap."""

    namespace: pulumi.Input[str]
    bundle: CaBundle | None


class Authorities(pulumi.ComponentResource):
    """The ConfigMap that hub and notebooks mount, under the name that the settings give it. No outputs."""

    def __init__(self, name: str, args: AuthoritiesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Authorities", name, None, opts)
        if args.bundle and args.bundle.certificates:
            k8s.core.v1.ConfigMap(
                "bundle",
                # A fixed name: running servers see the new bundle in the folder that they have mounted.
                metadata={"name": args.bundle.config_map, "namespace": args.namespace},
                data={args.bundle.key: args.bundle.certificates},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
