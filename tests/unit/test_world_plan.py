"""The outside of each committed stack: the names it needs, at addresses that its own policies mean."""

from __future__ import annotations

import ipaddress

import pytest

from embedded.world import plan as planning
from embedded.world.people import KINDS, people
from embedded.world.plan import Role, hosts, plan
from settings.door import callback_url
from settings.flow import Ranges
from settings.flows import flows
from tests.unit.documents import STACKS, committed, patched, settings_of

PODS = ("hub", "users", "tunnel")
PASSWORDS = dict.fromkeys(KINDS, "a password")
ENTRA = ("graph.microsoft.com", "login.microsoftonline.com")
EDGE = ("region1.v2.argotunnel.com", "region2.v2.argotunnel.com")
AIV = ("artifactory", "gitlab", "iam", "proxy", "s3")

NAMES: dict[str, set[str]] = {
    "local": set(),
    "iav-test": set(),
    "lab": {"github.com", "api.github.com", *EDGE, "jupyterhub.yourcompany.com"},
    "carbon254": {"254carbon.cloudflareaccess.com", *EDGE, "jupyter.254carbon.com"},
    "aiv-prod": {*ENTRA, "postgres.aiv.internal", *(f"{name}.aiv.internal" for name in AIV)},
    "aiv-staging": {*ENTRA, "postgres-staging.aiv.internal", *(f"{name}.aiv.internal" for name in AIV)},
}


def test_every_stack_that_is_judged_is_committed() -> None:
    assert set(NAMES) <= set(STACKS)


@pytest.mark.parametrize("stack", NAMES)
def test_a_stack_gets_the_names_that_it_needs_and_no_other(stack: str) -> None:
    assert {listener.name for listener in plan(committed(stack)).listeners} == NAMES[stack]


@pytest.mark.parametrize("stack", STACKS)
def test_every_range_outside_that_the_policies_open_leads_somewhere(stack: str) -> None:
    """Each address that a flow names, beside the cluster's own, has somebody who answers at its port."""
    settings = settings_of(stack)
    own = {*settings.network.api_server.cidrs, *settings.network.dns.cidrs}
    answered = {(ipaddress.ip_address(it.address), it.port) for it in plan(committed(stack)).listeners}
    for flow in flows(settings):
        if isinstance(flow.peer, Ranges) and flow.source in PODS and not own.issuperset(flow.peer.cidrs):
            ranges = [ipaddress.ip_network(cidr) for cidr in flow.peer.cidrs]
            assert any(
                address in found and ("TCP", port) in flow.ports
                for address, port in answered
                for found in ranges
            ), flow


@pytest.mark.parametrize("stack", STACKS)
def test_two_services_never_share_an_address_with_its_port(stack: str) -> None:
    roles: dict[tuple[str, int], set[Role]] = {}
    for listener in plan(committed(stack)).listeners:
        roles.setdefault((listener.address, listener.port), set()).add(listener.role)
    assert {place: found for place, found in roles.items() if len(found) > 1} == {}


def test_public_names_lie_where_a_policy_sees_the_public() -> None:
    address = ipaddress.ip_address(planning.address({"public443": "a reason that is long"}, "identity"))
    assert address.is_global or address in ipaddress.ip_network("192.88.99.0/24")
    assert not address.is_private


@pytest.mark.parametrize("stack", ["aiv-prod", "aiv-staging", "lab", "carbon254"])
def test_the_registered_callback_is_the_one_that_the_hub_sends(stack: str) -> None:
    settings = settings_of(stack)
    application = plan(committed(stack)).application
    assert application
    assert application.callback == callback_url(settings.ingress, settings.tls)


def test_a_callback_at_another_port_is_the_hub_s_too() -> None:
    patch = {"ingress": {"port": 8443, "reach": "corporateNetwork"}}
    document = patched(committed("aiv-prod"), patch)
    application = plan(document).application
    assert application
    assert application.callback == "https://jupyterhub.aiv.internal:8443/hub/oauth_callback"


def test_a_tunnel_leads_to_the_proxy_of_its_own_namespace() -> None:
    tunnel = plan(committed("carbon254")).tunnel
    assert tunnel
    assert tunnel.origin == "http://proxy-public.jupyter.svc.cluster.local:80"


def test_what_lies_in_the_cluster_is_not_played_outside() -> None:
    assert not any("svc.cluster.local" in name or "minio" in name for name in NAMES["carbon254"])
    assert plan(committed("carbon254")).of("relay") == ()


def test_a_gateway_answers_where_buckets_are_claimed_and_nowhere_else() -> None:
    found = {stack: plan(committed(stack)).of("buckets") for stack in STACKS}
    assert {stack for stack, listeners in found.items() if listeners} == {"aiv-prod", "aiv-staging"}
    (listener,) = found["aiv-prod"]
    assert (listener.name, listener.port, listener.tls) == ("s3.aiv.internal", 443, True)
    # The catalogue names it too, and nobody is told there that it is not here.
    assert listener.name not in {one.name for one in plan(committed("aiv-prod")).of("silence")}


def test_hosts_are_addresses_with_names() -> None:
    lines = hosts(plan(committed("lab")).listeners).splitlines()
    assert "192.88.99.1 github.com" in lines
    assert len(lines) == len(set(lines)) == len(NAMES["lab"])


@pytest.mark.parametrize("stack", ["aiv-prod", "aiv-staging", "lab", "carbon254"])
def test_each_kind_of_people_is_there(stack: str) -> None:
    users = people(committed(stack), PASSWORDS)
    assert {(user.may, user.admin) for user in users} >= {(True, False), (True, True), (False, False)}
    assert len({user.name for user in users}) == len(users)


def test_one_of_the_company_may_use_gpus() -> None:
    users = people(committed("aiv-prod"), PASSWORDS)
    wanted = {"gpu"}
    assert any(user.may and not user.admin and wanted <= set(user.groups) for user in users)
    assert any(user.may and not user.admin and not wanted & set(user.groups) for user in users)


@pytest.mark.parametrize("stack", ["local", "iav-test"])
def test_without_a_provider_nobody_is_invented(stack: str) -> None:
    assert people(committed(stack), PASSWORDS) == ()
