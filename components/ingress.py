"""The certificate that the Ingress serves. The Ingress is one of the chart's values (decision 0002)."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from settings.door import BroughtTls, CertManagerTls, Tls
from settings.names import seconds

_USAGES = ("digital signature", "key encipherment", "server auth")


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """Where the Secret lies, for which hosts, and certificate and key where the stack brings them."""

    namespace: pulumi.Input[str]
    hosts: tuple[str, ...]
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
        if isinstance(args.tls, CertManagerTls):
            self._certificate(args, args.tls)
        self.register_outputs({})

    def _certificate(self, args: IngressArgs, tls: CertManagerTls) -> None:
        """Ask cert-manager for the Secret, and wait until it has made it.

        Else the ingress controller would serve a certificate of its own, and nobody would see why.
        """
        k8s.apiextensions.CustomResource(
            "certificate",
            api_version="cert-manager.io/v1",
            kind="Certificate",
            metadata={
                "name": tls.secret_name,
                "namespace": args.namespace,
                "annotations": {
                    "pulumi.com/waitFor": "condition=Ready",
                    "pulumi.com/timeoutSeconds": str(seconds(tls.wait)),
                },
            },
            spec={
                "secretName": tls.secret_name,
                "dnsNames": list(args.hosts),
                "issuerRef": {"group": "cert-manager.io", "kind": tls.issuer_kind, "name": tls.issuer},
                # RSA: not every company's authority signs others. Always: a key lives as long as its
                # certificate, which is no default before cert-manager 1.18.
                "privateKey": {"algorithm": "RSA", "size": 2048, "rotationPolicy": "Always"},
                "usages": list(_USAGES),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
