"""Values for the way in: Ingress or HTTPRoute, where TLS ends, and what the hub knows of those before it."""

from __future__ import annotations

from math import ceil

from chart.merge import Values
from settings import Settings
from settings.door import Gateway, Nginx, NoTls, Tls, Traefik, encrypted, hosts, url
from settings.names import amount, seconds

_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
_OFF: Values = {"ingress": {"enabled": False}}


def door(settings: Settings) -> Values:
    """Lead the host to the proxy, over TLS."""
    way = settings.ingress
    if way.tunnel:
        # Only the tunnel's connector reaches the proxy, and asks the Service itself.
        return _OFF
    if isinstance(way, Gateway):
        return {**_OFF, "httpRoute": _route(way)}
    if isinstance(way, Traefik | Nginx):
        return {"ingress": _ingress(way, settings.tls)}
    return _OFF


def _ingress(way: Traefik | Nginx, tls: Tls) -> Values:
    annotations = _traefik(way, tls) if isinstance(way, Traefik) else _nginx(way, tls)
    names = list(hosts(way))
    values: Values = {"enabled": True, "ingressClassName": way.class_name, "hosts": names}
    if annotations:
        values["annotations"] = annotations
    if not isinstance(tls, NoTls):
        values["tls"] = [{"hosts": names, "secretName": tls.secret_name}]
    return values


def _traefik(way: Traefik, tls: Tls) -> Values:
    """Bind to the entry point with TLS.

    No timeout and no size: Traefik has the one on its entry points, and the other in a Middleware, and
    by default neither closes a quiet websocket nor bounds an upload.
    """
    if isinstance(tls, NoTls):
        return {}
    prefix = "traefik.ingress.kubernetes.io/router"
    # Without these Traefik serves the host on its plain entry point as well.
    return {f"{prefix}.entrypoints": way.entry_point, f"{prefix}.tls": "true"}


def _nginx(way: Nginx, tls: Tls) -> Values:
    # F5's controller refuses an Ingress whose annotations it cannot read: sizes in whole MiB.
    quiet = f"{seconds(way.idle_timeout)}s"
    annotations = {
        "nginx.org/websocket-services": "proxy-public",
        "nginx.org/proxy-read-timeout": quiet,
        "nginx.org/proxy-send-timeout": quiet,
        "nginx.org/client-max-body-size": f"{ceil(amount(way.max_body) / 1024**2)}m",
    }
    if isinstance(tls, NoTls) and tls.termination == "loadBalancer":
        # By this the controller believes X-Forwarded-Proto of the load balancer, and hands https on.
        annotations["nginx.org/redirect-to-https"] = "true"
    if not isinstance(tls, NoTls):
        annotations["ingress.kubernetes.io/ssl-redirect"] = "true"
        if tls.termination == "endToEnd":
            annotations["nginx.org/ssl-services"] = "proxy-public"
    return annotations


def _route(way: Gateway) -> Values:
    """Hang the host into a Gateway. Timeouts are the Gateway's: the chart's route has no field for them."""
    gateway = {"name": way.gateway, "namespace": way.gateway_namespace}
    if way.section_name:
        gateway["sectionName"] = way.section_name
    return {"enabled": True, "hostnames": list(hosts(way)), "gateway": gateway}


def subdomains(settings: Settings) -> Values:
    """Give each user's servers a host of their own. By this the chart's proxy heeds hosts, too."""
    if not settings.ingress.user_subdomains:
        return {}
    # subdomain_hook stays out: its default makes one label of every name, as a wildcard needs it, and
    # JupyterHub 5.5 does not start where the same is asked for by name.
    config: Values = {"subdomain_host": url(settings.ingress, settings.tls)}
    if encrypted(settings.tls):
        # A server may give the browser a cookie for the hub's host; under such a name it cannot.
        config["cookie_host_prefix_enabled"] = True
    return {"hub": {"config": {"JupyterHub": config}}}


def end_to_end(settings: Settings) -> Values:
    """Let the proxy itself serve the certificate, where no packet may travel in plain text."""
    tls = settings.tls
    if isinstance(tls, NoTls) or tls.termination != "endToEnd":
        return {}
    proxy: Values = {"https": {"enabled": True, "type": "secret", "secret": {"name": tls.secret_name}}}
    if isinstance(settings.ingress, Traefik | Nginx):
        # The chart's Ingress asks for the port named `http`, which would only send everyone round again.
        proxy["service"] = {
            "disableHttpPort": True,
            "extraPorts": [{"name": "http", "port": 80, "targetPort": "https"}],
        }
    return {"proxy": proxy}


def strangers(settings: Settings) -> Values:
    """Tell the hub which addresses are proxies' and tell nothing about a person.

    The form to sign in is bound to the address it was fetched from. Before the hub that is one of several
    controllers or connectors: a form fetched through one and sent through another would be refused.
    """
    if settings.ingress.reach == "machine":
        return {}
    return {"hub": {"extraEnv": {"JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS": ";".join(_PRIVATE)}}}
