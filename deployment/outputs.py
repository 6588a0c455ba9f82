"""What a stack says of itself after `pulumi up`; docs/outputs.md explains each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

import pulumi

import observability
from chart.source import Archive
from components.credentials import Credentials, token_key
from settings import Settings
from settings.auth import Identities, SharedPassword
from settings.capabilities import administering, signing_in
from settings.door import callback_url, hosts, url
from settings.firewall import firewall
from settings.flows import HUB
from settings.letting_in import requests
from settings.monitoring import PROMETHEUS
from settings.portal import card_files
from settings.sharing import handover as gpu_handover

Outputs = dict[str, Any]


def outputs(
    settings: Settings,
    archive: Archive,
    credentials: Credentials,
    made: Mapping[str, pulumi.Input[str]],
    tls_expires: date | None,
) -> Outputs:
    """Give the outputs; `made` holds those that wait for the cluster: namespace and release."""
    return {
        "url": url(settings.ingress, settings.tls),
        **made,
        "chartVersion": archive.version,
        "hubVersion": settings.hub.version,
        "hubImage": settings.images.hub.reference,
        "profiles": [profile.name for profile in settings.profiles if profile.enabled],
        "signIn": _who(settings),
        "firewall": [_plain(asdict(row)) for row in firewall(settings)],
        "neighbours": [request.plain() for request in requests(settings)],
        **_to_register(settings),
        **_passwords(settings, credentials),
        **_metrics(settings, credentials),
        **({"certificateExpires": tls_expires.isoformat()} if tls_expires else {}),
    }


def _to_register(settings: Settings) -> Outputs:
    """Give what others have to enter: at the identity provider, at Cloudflare, in a portal, for the GPUs."""
    found: Outputs = {}
    if isinstance(settings.auth, Identities):
        found["callbackUrl"] = callback_url(settings.ingress, settings.tls)
    if settings.ingress.user_subdomains:
        found["serverHosts"] = hosts(settings.ingress)[-1]
    if settings.ingress.tunnel:
        found["tunnelService"] = f"http://proxy-public.{settings.namespace.name}:80"
    if portal := card_files(settings):
        found["portalCard"] = portal["card.ts"]
    if handover := gpu_handover(settings.gpu.sharing, settings.namespace.name):
        found["gpuSharing"] = handover
    return found


def _who(settings: Settings) -> Outputs:
    """Say by which provider, and who may: the names that the settings give, which are no secret."""
    auth = settings.auth
    who: Outputs = {"provider": auth.provider}
    if isinstance(auth, SharedPassword):
        who["users"] = "any name, such as ada" if auth.any_name else sorted(auth.users)
        return who | {"administrators": sorted(auth.administrators)}
    rows = settings.capabilities
    who["groups"] = {name: auth.groups[name] for name in sorted(signing_in(rows))}
    return who | {"administrators": sorted(administering(rows))}


def _passwords(settings: Settings, credentials: Credentials) -> Outputs:
    """Give the passwords of a test deployment: they show with --show-secrets."""
    if not isinstance(settings.auth, SharedPassword):
        return {}
    found: Outputs = {"password": credentials.shared_password}
    if credentials.admin_password is not None:
        found["adminPassword"] = credentials.admin_password
    return found


def _metrics(settings: Settings, credentials: Credentials) -> Outputs:
    """Say where Prometheus finds the metrics, and where the token lies that reads them."""
    if not settings.monitoring.metrics:
        return {}
    found: Outputs = {
        "url": f"http://hub.{settings.namespace.name}:{HUB}/hub/metrics",
        "tokenSecret": credentials.secret_name,
        "tokenKey": token_key(PROMETHEUS),
    }
    if dashboard := observability.link(settings):
        found["dashboard"] = dashboard
    return {"metrics": found}


def _plain(row: Mapping[str, object]) -> Outputs:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in row.items()}
