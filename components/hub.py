"""The release of the JupyterHub chart.

`helm.v3.Release` and not `Chart`: the chart uses hooks and `lookup`.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

import settings.hub as model
from settings.chart import Chart
from settings.cluster import Protection


@dataclass(frozen=True, kw_only=True)
class HubArgs:
    """The release, its values, and the leaves that only a deployment knows."""

    namespace: pulumi.Input[str]
    settings: model.Hub
    chart: Chart
    protection: Protection
    values: Mapping[str, Any]
    credentials_secret: pulumi.Input[str]
    proxy_token: pulumi.Input[str]
    credentials_digest: pulumi.Input[str] | None = None
    """Rolls the hub where the credentials' name stays the same whatever is in them."""
    after: Sequence[pulumi.Resource]
    """What the release must find when it comes: no name of theirs orders them."""


class Hub(pulumi.ComponentResource):
    """Hub and proxy. Outputs: release_name."""

    release_name: pulumi.Output[str]

    def __init__(self, name: str, args: HubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Hub", name, None, opts)
        made = k8s.helm.v3.Release(
            "release",
            k8s.helm.v3.ReleaseArgs(
                name=args.settings.release,
                namespace=args.namespace,
                create_namespace=False,
                # Relative to the project: an absolute path differs between a laptop and a pipeline.
                chart=args.chart.archive_path,
                version=args.chart.version,
                values=_with_leaves(args),
                timeout=900,
                max_history=5,
                # A rollback would start an old hub on a new database schema.
                atomic=False,
                cleanup_on_fail=True,
                skip_await=not args.settings.await_ready,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                protect=args.protection.protect,
                depends_on=list(args.after),
                # A refresh merges what Helm knows into the output, where nothing else marks it.
                additional_secret_outputs=["values"],
            ),
        )
        # Known only once the release is there, so that outputs wait for it.
        self.release_name = made.name.apply(lambda found: found or args.settings.release)
        self.register_outputs({"releaseName": self.release_name})


def _with_leaves(args: HubArgs) -> dict[str, Any]:
    """Add the credentials' name, and what is secret among the values: the one secret that the chart reads
    from nowhere else, and what tells one content of the credentials from another."""
    values = copy.deepcopy(dict(args.values))
    values["hub"]["existingSecret"] = args.credentials_secret
    values["proxy"]["secretToken"] = args.proxy_token
    if args.credentials_digest is not None:
        values["hub"].setdefault("annotations", {})["checksum/credentials"] = args.credentials_digest
    return values
