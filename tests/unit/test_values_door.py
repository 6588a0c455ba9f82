"""The way in: one way for each controller, TLS where the settings say, nothing beside a tunnel."""

from __future__ import annotations

from typing import Any

import pytest

from chart.values import build
from settings import Settings
from tests.unit.documents import Document, local, patched, settings, settings_of

PEM = {"source": "pem", "secretName": "jupyterhub-tls"}
NGINX: Document = {"ingress": {"controller": "nginx", "className": "nginx", "entryPoint": None}}
GATEWAY: Document = {
    "ingress": {
        "controller": "gateway",
        "className": None,
        "gateway": "shared",
        "gatewayNamespace": "jupyterhub",
        "sectionName": "https",
    }
}


def values(patch: Document | None = None) -> dict[str, Any]:
    return build(settings(patch))


def test_the_sign_in_page_is_served_over_tls_alone() -> None:
    made = values()["ingress"]
    assert made["annotations"]["traefik.ingress.kubernetes.io/router.entrypoints"] == "websecure"
    assert made["tls"][0]["hosts"] == made["hosts"] == ["jupyterhub.localhost"]


def test_f5_s_controller_keeps_quiet_websockets_and_takes_large_files() -> None:
    made = values({**NGINX, "ingress": {**NGINX["ingress"], "idleTimeout": "1h30m", "maxBody": "1.5Gi"}})[
        "ingress"
    ]
    assert made["annotations"] == {
        "nginx.org/websocket-services": "proxy-public",
        "nginx.org/proxy-read-timeout": "5400s",
        "nginx.org/proxy-send-timeout": "5400s",
        "nginx.org/client-max-body-size": "1536m",
        "ingress.kubernetes.io/ssl-redirect": "true",
    }
    assert made["tls"] == [{"hosts": ["jupyterhub.localhost"], "secretName": "jupyterhub-tls"}]


def test_a_size_that_is_no_whole_number_is_rounded_up() -> None:
    made = values({"ingress": {**NGINX["ingress"], "maxBody": "100M"}})["ingress"]
    assert made["annotations"]["nginx.org/client-max-body-size"] == "96m"


def test_behind_a_load_balancer_that_ends_tls_its_word_is_taken() -> None:
    patch = {"tls": {"source": "none", "termination": "loadBalancer"}}
    made = build(settings_of("aiv-prod", {**patch, "tls": {**patch["tls"], "secretName": None}}))["ingress"]
    assert made["annotations"]["nginx.org/redirect-to-https"] == "true"
    assert "tls" not in made
    assert "ingress.kubernetes.io/ssl-redirect" not in made["annotations"]


def test_a_gateway_gets_a_route_and_no_ingress() -> None:
    made = values(GATEWAY)
    assert made["ingress"] == {"enabled": False}
    assert made["httpRoute"] == {
        "enabled": True,
        "hostnames": ["jupyterhub.localhost"],
        "gateway": {"name": "shared", "namespace": "jupyterhub", "sectionName": "https"},
    }


@pytest.mark.parametrize("stack", ["lab", "carbon254"])
def test_beside_a_tunnel_there_is_no_ingress(stack: str) -> None:
    made = build(settings_of(stack))
    assert made["ingress"] == {"enabled": False}
    assert "httpRoute" not in made
    assert made["proxy"]["service"] == {"type": "ClusterIP"}


def test_end_to_end_the_proxy_serves_the_certificate_and_the_ingress_speaks_tls_to_it() -> None:
    made = values({**NGINX, "tls": {**PEM, "termination": "endToEnd"}})
    assert made["proxy"]["https"] == {
        "enabled": True,
        "type": "secret",
        "secret": {"name": "jupyterhub-tls"},
    }
    # The chart's Ingress leads to the port named `http`: it must not be the one that only redirects.
    (port,) = made["proxy"]["service"]["extraPorts"]
    assert (port["name"], port["targetPort"]) == ("http", "https")
    assert made["proxy"]["service"]["disableHttpPort"] is True
    assert made["ingress"]["annotations"]["nginx.org/ssl-services"] == "proxy-public"
    (opened,) = made["proxy"]["chp"]["networkPolicy"]["ingress"]
    assert opened["ports"] == [{"port": "https"}]


def test_end_to_end_without_an_ingress_keeps_the_charts_own_ports() -> None:
    # Whether the settings' rules let it through is theirs to say.
    ways = {"controller": "none", "className": None, "entryPoint": None}
    patch = {"ingress": ways, "tls": {**PEM, "termination": "endToEnd"}}
    made = build(Settings.model_validate(patched(local(), patch)))
    assert made["proxy"]["https"]["enabled"] is True
    assert made["proxy"]["service"] == {"type": "ClusterIP"}


def test_a_form_survives_another_proxy_on_its_way_back() -> None:
    for stack in ("lab", "aiv-prod", "carbon254", "iav-test"):
        told = build(settings_of(stack))["hub"]["extraEnv"]["JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS"]
        assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"} <= set(told.split(";"))
    assert "extraEnv" not in values()["hub"]


SUBDOMAINS: Document = {"ingress": {"userSubdomains": True}}
BOTH = ["jupyterhub.localhost", "*.jupyterhub.localhost"]


def of_hub(made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = made["hub"]["config"]["JupyterHub"]
    return found


def test_all_servers_are_at_the_hubs_host_unless_the_settings_say_otherwise() -> None:
    for stack in ("lab", "aiv-prod", "carbon254"):
        told = of_hub(build(settings_of(stack)))
        assert [name for name in told if "subdomain" in name or "prefix" in name] == []


def test_with_a_host_for_each_user_the_hub_stays_where_it_was() -> None:
    told = of_hub(values({"ingress": {**SUBDOMAINS["ingress"], "port": 8443}}))
    assert told["subdomain_host"] == "https://jupyterhub.localhost:8443"
    # To ask for the default by its name keeps JupyterHub 5.5 from starting.
    assert "subdomain_hook" not in told
    by_provider = build(settings_of("aiv-prod", SUBDOMAINS))["hub"]["config"]["AzureAdOAuthenticator"]
    assert by_provider["oauth_callback_url"] == "https://jupyterhub.aiv.internal/hub/oauth_callback"


def test_a_server_cannot_give_the_browser_a_cookie_of_the_hub() -> None:
    # Only over TLS do browsers take a cookie of such a name.
    assert of_hub(values(SUBDOMAINS))["cookie_host_prefix_enabled"] is True
    plain = {"tls": {"source": "none", "secretName": None, "termination": "nowhere"}}
    assert "cookie_host_prefix_enabled" not in of_hub(values({**SUBDOMAINS, **plain}))


@pytest.mark.parametrize("controller", [{}, NGINX["ingress"]], ids=["traefik", "nginx"])
def test_an_ingress_takes_every_host_and_has_a_certificate_for_it(controller: Document) -> None:
    made = values({"ingress": {**controller, "userSubdomains": True}})["ingress"]
    assert made["hosts"] == made["tls"][0]["hosts"] == BOTH


def test_a_route_takes_every_host() -> None:
    made = values({"ingress": {**GATEWAY["ingress"], "userSubdomains": True}})
    assert made["httpRoute"]["hostnames"] == BOTH


def test_beside_a_tunnel_there_is_no_ingress_for_servers_either() -> None:
    made = build(settings_of("lab", SUBDOMAINS))
    assert made["ingress"] == {"enabled": False}
    assert of_hub(made)["subdomain_host"] == "https://jupyterhub.yourcompany.com"


def test_who_may_talk_to_whom_is_the_same() -> None:
    def policies(patch: Document | None) -> list[Any]:
        made = build(settings_of("aiv-prod", patch))
        return [made["hub"]["networkPolicy"], made["proxy"]["chp"]["networkPolicy"], made["singleuser"]]

    assert policies(SUBDOMAINS) == policies(None)
