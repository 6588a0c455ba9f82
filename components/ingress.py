"""The TLS Secret that the Ingress serves. The Ingress itself is one of the chart's values (decision 0002)."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from settings.door import BroughtTls, Tls


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """Where the Secret lies, and the certificate with its key where the stack brings them."""

    namespace: pulumi.Input[str]
    tls: Tls
    certificate: pulumi.Output[str] | None
    key: pulumi.Output[str] | None


class Ingress(pulumi.ComponentResource):
    """What TLS needs in the cluster."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Ingress", name, None, opts)
        if isinstance(args.tls, BroughtTls) and args.certificate and args.key:
            k8s.core.v1.Secret(
                "tls",
                # A fixed name: a renewed certificate is an update in place, which the controller sees.
                metadata={"name": args.tls.secret_name, "namespace": args.namespace},
                type="kubernetes.io/tls",
                string_data={"tls.crt": args.certificate, "tls.key": args.key},
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
