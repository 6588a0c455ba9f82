"""The values of a release, one small function per concern, joined without overlap.

Two leaves are left to the Hub component, since only a deployment knows them: `hub.existingSecret`
and `proxy.secretToken`, the one secret that the chart reads from nowhere else.
"""

from __future__ import annotations

from chart.images import images
from chart.merge import Values, disjoint
from chart.mirror import mirrored
from chart.network import policies
from chart.profiles import profile_list
from chart.security import security
from chart.volumes import volumes
from settings import Settings
from settings.auth import SharedPassword
from settings.cluster import Amounts
from settings.door import NoTls, Traefik
from settings.hub import FastRestart, Resources
from settings.names import seconds


def build(settings: Settings) -> Values:
    """Give the values for these settings."""
    concerns = (
        images,
        hub,
        sign_in,
        security,
        volumes,
        policies,
        profile_list,
        culling,
        metrics,
        ingress,
        scheduling,
        availability,
    )
    written = disjoint((concern.__name__, concern(settings)) for concern in concerns)
    return disjoint([("the concerns", written), ("mirrored", mirrored(settings, written))])


def hub(settings: Settings) -> Values:
    """Size the hub and its proxy, and how much the hub does at once."""
    limits = settings.hub.limits
    values: Values = {
        "hub": {
            "resources": resources(settings.hub.resources),
            "concurrentSpawnLimit": limits.concurrent_spawns,
            "consecutiveFailureLimit": limits.consecutive_failures,
        },
        "proxy": {
            "chp": {"resources": resources(settings.hub.proxy_resources)},
            # The chart's default is a load balancer; the ingress controller needs none.
            "service": {"type": "ClusterIP"},
        },
    }
    if limits.active_servers:
        values["hub"]["activeServerLimit"] = limits.active_servers
    return values


def resources(wanted: Resources) -> Values:
    """Write requests and limits as a container has them."""
    both = {"requests": amounts(wanted.requests), "limits": amounts(wanted.limits)}
    return {name: given for name, given in both.items() if given}


def amounts(given: Amounts) -> Values:
    """Write the amounts that are given."""
    return given.model_dump(exclude_none=True)


def sign_in(settings: Settings) -> Values:
    """Let in by shared password; the passwords themselves come with the credentials Secret."""
    auth = settings.auth
    if not isinstance(auth, SharedPassword):
        return {}
    who: Values = {"allow_all": True} if auth.any_name else {"allowed_users": sorted(auth.users)}
    if auth.administrators:
        who["admin_users"] = sorted(auth.administrators)
    return {
        "hub": {
            "config": {
                # admin_access: an administrator has no business in other people's servers.
                "JupyterHub": {"authenticator_class": "shared-password", "admin_access": False},
                "SharedPasswordAuthenticator": who,
            }
        }
    }


def culling(settings: Settings) -> Values:
    """Stop idle servers, and never remove a user: with the user would go the home."""
    culled = settings.culling
    if not culled.enabled:
        return {"cull": {"enabled": False}}
    return {
        "cull": {
            "enabled": True,
            "users": False,
            "timeout": seconds(culled.idle),
            "every": seconds(culled.every),
            "maxAge": seconds(culled.max_age) if culled.max_age else 0,
        }
    }


def metrics(settings: Settings) -> Values:
    """Give Prometheus a token that reads metrics and nothing else; the hub asks everyone for one."""
    if not settings.monitoring.metrics:
        return {}
    return {
        "hub": {
            "services": {"prometheus": {"display": False}},
            "loadRoles": {"prometheus": {"services": ["prometheus"], "scopes": ["read:metrics"]}},
        }
    }


def ingress(settings: Settings) -> Values:
    """Lead the host to the proxy, over TLS."""
    door, tls = settings.ingress, settings.tls
    if not isinstance(door, Traefik):
        return {"ingress": {"enabled": False}}
    prefix = "traefik.ingress.kubernetes.io/router"
    values: Values = {"enabled": True, "ingressClassName": door.class_name, "hosts": [door.host]}
    if not isinstance(tls, NoTls):
        # Without these Traefik serves the host on its plain entry point as well.
        values["annotations"] = {f"{prefix}.entrypoints": door.entry_point, f"{prefix}.tls": "true"}
        values["tls"] = [{"hosts": [door.host], "secretName": tls.secret_name}]
    return {"ingress": values}


def scheduling(settings: Settings) -> Values:
    """Switch off what needs cluster-wide rights or images of its own."""
    return {
        # The user scheduler needs a ClusterRole; placeholders serve clusters that grow by themselves.
        "scheduling": {"userScheduler": {"enabled": False}, "userPlaceholder": {"enabled": False}},
        # The pulling hook holds up every upgrade until each node has pulled.
        "prePuller": {"hook": {"enabled": False}, "continuous": {"enabled": False}},
    }


def availability(settings: Settings) -> Values:
    """Let hub and proxy leave a lost node soon; Kubernetes' own default is five minutes."""
    chosen = settings.availability
    if not isinstance(chosen, FastRestart):
        return {}
    tolerations = [
        {
            "key": f"node.kubernetes.io/{state}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": seconds(chosen.node_loss),
        }
        for state in ("not-ready", "unreachable")
    ]
    return {"hub": {"tolerations": tolerations}, "proxy": {"chp": {"tolerations": tolerations}}}
