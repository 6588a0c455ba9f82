"""What others bring and run for the hub: Secrets of a store, and the connector of the tunnel."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ops.why.cause import Cause, Ref, Weight
from ops.why.facts import Facts, Log, condition, ref
from ops.why.log import untimed
from ops.why.times import moment
from ops.why.troubles import ready

_CONNECTOR = "cloudflared"
_LINES = 5
# What the connector says, what that means, what to do.
_SAID = (
    (
        "tunnel-token",
        r"[Tt]unnel token is not valid|Invalid tunnel secret|Unauthorized|token.*(?:invalid|malformed)",
        "Cloudflare does not know the tunnel's token.",
        "Set the token of the tunnel that ingress.tunnel.name names (tunnelToken), and deploy again.",
    ),
    (
        "tunnel-name",
        r"no such host|lookup \S+ on|server misbehaving",
        "the connector cannot resolve Cloudflare's names.",
        "The cluster's DNS must resolve argotunnel.com: network.dns, and the resolver behind it.",
    ),
    (
        "tunnel-way",
        r"timeout|timed out|connection refused|network is unreachable|no recent network activity|"
        r"failed to dial|i/o timeout|TLS handshake",
        "the connector does not reach Cloudflare.",
        "Ports 443 and 7844 (TCP and UDP) must be open to Cloudflare: ingress.tunnel.reach, `ops firewall`.",
    ),
)


def external_secrets(facts: Facts) -> Iterator[Cause]:
    """Tell which Secrets the store does not bring."""
    for resource, kind in (("secretstores", "SecretStore"), ("externalsecrets", "ExternalSecret")):
        for one in facts.all(resource):
            state = condition(one, "Ready")
            if state.get("status") == "True":
                continue
            store = kind == "SecretStore"
            yield Cause(
                rule="store-not-ready" if store else "secret-not-synced",
                about=ref(one, kind),
                what="External Secrets cannot use the store."
                if store
                else "External Secrets does not bring it.",
                says=f"{state.get('reason', '')}: {state.get('message', '')}".strip(": ")
                or "no condition Ready",
                follows="Pods wait for Secrets that are not there; those that are there go stale.",
                advice="Address, role and sign-in of the store (secrets.store), and the way to it."
                if store
                else "Entry and keys must be in the store, and its role read them: `ops secrets` names both.",
                commands=(facts.shell.ops("secrets"), facts.shell.describe(ref(one, kind))),
                when=moment(state.get("lastTransitionTime")),
                weight=Weight.DOOR,
            )


def connector(facts: Facts) -> Iterator[Cause]:
    """Tell why a tunnel's connectors have no line."""
    waiting = {
        str(pod["metadata"]["name"])
        for pod in facts.all("pods")
        if str(pod["metadata"]["name"]).startswith(_CONNECTOR) and not ready(pod)
    }
    for log in facts.logs:
        if log.pod in waiting and log.container == _CONNECTOR:
            yield from _said(log, facts)
            return


def _said(log: Log, facts: Facts) -> Iterator[Cause]:
    lines = [untimed(line) for line in log.text.splitlines()]
    bad = [line for line in lines if re.search(r"\b(ERR|FTL)\b|\"level\":\"(error|fatal)\"|error", line)]
    for rule, words, what, advice in _SAID:
        fitting = [line for line in bad if re.search(words, line)]
        if fitting:
            yield Cause(
                rule=rule,
                about=Ref("Log", _CONNECTOR),
                what=what,
                says=fitting[-1],
                follows="Nobody comes in through the tunnel, the only way in.",
                advice=advice,
                commands=(
                    facts.shell.ops("secrets" if rule == "tunnel-token" else "firewall"),
                    facts.shell.kubectl("logs", "deployment/cloudflared", "--tail=50"),
                ),
                lines=tuple(bad[-_LINES:]),
                weight=Weight.DOOR,
            )
            return
