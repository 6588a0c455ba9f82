"""What the API server refuses to take in: the same words come to controllers, to the hub and to an engine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ops.why.facts import Facts


@dataclass(frozen=True)
class Refusal:
    """Why an object was refused, and what to do."""

    rule: str
    what: str
    advice: str
    commands: tuple[str, ...] = ()


def refusal(words: str, facts: Facts) -> Refusal:
    """Judge the API server's words."""
    for judge in (_quota, _limits, _security, _webhook, _account, _rights):
        if found := judge(words, facts):
            return found
    return Refusal("refused", "the API server refuses its pods", "Read its words.")


def _quota(words: str, facts: Facts) -> Refusal | None:
    full = re.search(
        r"exceeded quota: ([^\s,]+), requested: (.+?), used: (.+?), limited: (.+?)(?:\"|$)", words
    )
    unset = re.search(r"failed quota: ([^\s:]+): must specify (\S+)", words)
    if full:
        return Refusal(
            "quota-full",
            f"the quota {full[1]} is full: it asks for {full[2]}, used are {full[3]} of {full[4]}",
            f"Stop servers that nobody uses, raise namespace.quota in {facts.shell.file}, or ask its owner.",
            (facts.shell.kubectl("describe", "resourcequota", full[1]),),
        )
    if unset:
        return Refusal(
            "quota-unset",
            f"the quota {unset[1]} wants that each container says {unset[2]}",
            f"Give a default for it: namespace.limitRange in {facts.shell.file}.",
            (facts.shell.kubectl("describe", "resourcequota", unset[1]), facts.shell.up()),
        )
    return None


def _limits(words: str, facts: Facts) -> Refusal | None:
    found = re.search(r"((?:maximum|minimum) \S+ usage per \w+ is [^\]\"]+)", words)
    if not found:
        return None
    return Refusal(
        "limit-range",
        f"a LimitRange of the namespace forbids its size: {found[1].rstrip('. ')}",
        f"Ask for what fits (profiles, hub.resources in {facts.shell.file}), or change the LimitRange.",
        (facts.shell.kubectl("describe", "limitrange"),),
    )


def _security(words: str, facts: Facts) -> Refusal | None:
    found = re.search(r'violates PodSecurity "([^":]+)', words)
    if not found:
        return None
    return Refusal(
        "pod-security",
        f"the namespace's Pod Security level ({found[1]}) forbids what it wants to do",
        "Whoever made the pod must keep to that level; pods of this program do at `restricted`. Was the "
        f"namespace labelled by others? namespace.podSecurity in {facts.shell.file} is "
        f"{facts.settings.namespace.pod_security}.",
        (facts.shell.cluster("get", "namespace", facts.shell.namespace, "--show-labels"),),
    )


def _webhook(words: str, facts: Facts) -> Refusal | None:
    silent = re.search(r'failed calling webhook "([^"]+)"', words)
    denied = re.search(r'admission webhook "([^"]+)" denied the request:? ?(.*)', words)
    found = silent or denied
    if not found:
        return None
    return Refusal(
        "webhook-silent" if silent else "webhook-denied",
        f"the admission webhook {found[1]} does not answer"
        if silent
        else f"the admission webhook {found[1]} refuses it",
        "Its service is down or out of reach: until its owner repairs it, nothing that it guards is taken in."
        if silent
        else "It enforces a policy of the cluster: keep to it, or have its owner make an exception.",
        (facts.shell.cluster("get", "validatingwebhookconfigurations,mutatingwebhookconfigurations"),),
    )


def _account(words: str, facts: Facts) -> Refusal | None:
    found = re.search(r'serviceaccount "([^"]+)" not found', words)
    priority = re.search(r"no PriorityClass with name (\S+) was found", words)
    if found:
        return Refusal(
            "account-missing",
            f"its service account {found[1]} is not there",
            "A deployment makes it.",
            (facts.shell.up(),),
        )
    if priority:
        return Refusal(
            "priority-missing",
            f"its PriorityClass {priority[1]} is not there",
            f"Let the cluster's owner make it, or name another in placement of {facts.shell.file}.",
            (facts.shell.cluster("get", "priorityclass"),),
        )
    return None


def _rights(words: str, facts: Facts) -> Refusal | None:
    found = re.search(r'User "([^"]+)" cannot (\w+) resource "([^"]+)"', words)
    if not found:
        return None
    hub = found[1].startswith("system:serviceaccount:")
    return Refusal(
        "rights",
        f"{found[1]} may not {found[2]} {found[3]}",
        "A deployment puts the Role of the hub in order."
        if hub
        else "Whoever deploys lacks rights: the cluster's owner grants them.",
        (facts.shell.up(),)
        if hub
        else (f"bin/ops rights --stack {facts.shell.stack} | {facts.shell.cluster('apply', '-f', '-')}",),
    )
