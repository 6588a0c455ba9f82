"""Bad inputs: each is refused with its own finding, each rule has one, and the words help."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from settings.document import Settings, apply, inspect
from settings.finding import Finding
from settings.rules import RULES, Rule
from tests.unit import golden
from tests.unit.bad_inputs import BAD, BadInput, already, committed, line
from tests.unit.documents import STACKS, TODAY, Document, patched

_COMPLETE = {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1", "memory": "1Gi"}}
_RANGE = {"default": {"cpu": "1"}, "defaultRequest": {"cpu": "50m"}}
_OPEN: Document = {
    "name": "A",
    "slug": "a",
    "default": True,
    "cpu": {"guarantee": "1", "limit": "1"},
    "memory": {"guarantee": "1Gi", "limit": "1Gi"},
}
_SECOND = {"name": "G", "slug": "g", "default": False}
_OUTSIDE = {"cidrs": ["10.50.41.0/28"], "ports": [80]}

# Close to a fault, and none: a rule that refused these would be in the way.
SOUND: dict[str, tuple[str, Document]] = {
    "no limit of servers": ("local", {"hub": {"limits": {"activeServers": None}}}),
    "a planned profile beyond the quota": (
        "lab",
        {
            "namespace": {"quota": {"requests.nvidia.com/gpu": "1"}, "limitRange": _RANGE},
            "hub": {"resources": _COMPLETE, "proxyResources": _COMPLETE},
        },
    ),
    "a proxy without a limit": (
        "aiv-prod",
        {
            "namespace": {"quota": None, "limitRange": None},
            "about": {"scale": {"atOnce": 280}},
            "hub": {"proxyResources": {"limits": None}, "limits": {"activeServers": 280}},
        },
    ),
    "a large proxy": (
        "aiv-prod",
        {"about": {"scale": {"atOnce": 280}}, "hub": {"limits": {"activeServers": 280}}},
    ),
    "a small hub for few": ("lab", {"hub": {"resources": {"limits": {"memory": "512Mi"}}}}),
    "a hub without a limit": (
        "aiv-prod",
        {"namespace": {"quota": None, "limitRange": None}, "hub": {"resources": {"limits": None}}},
    ),
    "MinIO beside the company's authorities": (
        "carbon254",
        {"cluster": {"caBundle": {"configMap": "authorities"}}},
    ),
    "one connector where a pause is allowed": ("lab", {"ingress": {"tunnel": {"replicas": 1}}}),
    "TLS at the company's load balancer": (
        "aiv-prod",
        {"tls": {"source": "none", "secretName": None, "termination": "loadBalancer"}},
    ),
    "plain HTTP on this machine": (
        "local",
        {"tls": {"source": "none", "termination": "nowhere"}, "ingress": {"port": 80}},
    ),
    "no metrics, and nobody who reads them": (
        "iav-test",
        {"monitoring": {"metrics": False, "operator": False, "namespaces": []}},
    ),
    "GPU nodes for profiles with a GPU alone": (
        "lab",
        {
            "placement": {"userTolerations": [{"key": "nvidia.com/gpu"}]},
            "profiles": [
                {
                    "name": "G",
                    "slug": "g",
                    "default": True,
                    "gpu": {"count": 1},
                    "cpu": {"guarantee": "1", "limit": "1"},
                    "memory": {"guarantee": "1Gi", "limit": "1Gi"},
                }
            ],
        },
    ),
    "credentials in plain HTTP inside the cluster": (
        "carbon254",
        {
            "services": {
                "catalogue": [
                    {
                        "kind": "trino",
                        "url": "http://trino.trino:8080",
                        "credentials": "trino",
                        "reach": {"namespace": "trino", "ports": [8080]},
                    }
                ]
            }
        },
    ),
    "plain HTTP without credentials": (
        "aiv-prod",
        {
            "services": {
                "catalogue": [{"kind": "gitlab", "url": "http://gitlab.aiv.internal", "reach": _OUTSIDE}]
            },
            "capabilities": {"everyone": {"services": ["all"]}},
        },
    ),
    "culling that is off": ("local", {"culling": {"enabled": False, "every": "2h", "maxAge": "30m"}}),
    "a quota for one class of volumes": (
        "aiv-prod",
        {"namespace": {"quota": {"ceph-rbd.storageclass.storage.k8s.io/requests.storage": "10Ti"}}},
    ),
    "nothing that leads to the proxy": (
        "local",
        {
            "ingress": {"controller": "none"},
            "tls": {"source": "none", "termination": "nowhere"},
            "network": {"ingressFrom": []},
        },
    ),
    "a turn on a GPU": (
        "lab",
        {
            "gpu": {"quota": {"nvidia.com/gpu.shared": 1}, "sharing": {"kind": "timeSlices", "replicas": 2}},
            "profiles": [
                _OPEN,
                {**_OPEN, **_SECOND, "gpu": {"resource": "nvidia.com/gpu.shared", "count": 1}},
            ],
        },
    ),
    "a GPU cut to its end": (
        "lab",
        {
            "gpu": {
                "priority": {"kind": "existing", "name": "first"},
                "sharing": {
                    "kind": "mig",
                    "layout": "mine",
                    "slices": {"1g.5gb": 2, "2g.10gb": 1, "3g.20gb": 1},
                },
            },
            "profiles": [
                _OPEN,
                {**_OPEN, **_SECOND, "gpu": {"resource": "nvidia.com/mig-3g.20gb", "count": 1}},
            ],
        },
    ),
    "a planned profile beyond the GPU quota": ("lab", {"gpu": {"quota": {"nvidia.com/gpu": 1}}}),
    "what others make for a namespace of others": (
        "lab",
        {
            "namespace": {"create": False},
            "gpu": {
                "priority": {"kind": "existing", "name": "first"},
                "sharing": {"kind": "timeSlices", "replicas": 2, "manage": False},
            },
        },
    ),
    "end to end behind NGINX": ("aiv-prod", {"tls": {"termination": "endToEnd"}}),
}

# What the requirement documents propose, as one would write it here.
SNIPPETS = {
    "D1": ("snippet-old-chart-with-entra-groups",),
    "D2": ("snippet-github-with-administrators-only",),
    "D3": ("snippet-groups-without-their-definition", "snippet-group-names-for-object-ids"),
    "D5": ("snippet-display-name-as-user-name",),
    "D13": ("snippet-dummy-sign-in-with-administrators", "shared-password-on-a-public-host"),
}

# Notes of the committed stacks: (path, rule), and why it is left as it is. None has a warning.
# Of a stack that came later its reviewers see the notes in `ops check`.
_PUBLIC = {
    ("settings.auth.reach.public443", "N3"): "the provider's addresses change without notice",
    ("settings.network.userEgress[0].reach.public443", "N3"): "packages come from the internet",
}
NOTED: dict[str, dict[tuple[str, str], str]] = {
    "local": {},
    "iav-test": {},
    "aiv-prod": {},
    "lab": _PUBLIC,
    "aiv-staging": {
        ("settings.database.replicated", "B4"): "staging's PostgreSQL is one server, and may be away",
    },
    "carbon254": {
        **_PUBLIC,
        ("settings.database.replicated", "B4"): "the platform's team has not said how it runs PostgreSQL",
    },
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_each_bad_input_has_exactly_its_finding(bad: BadInput) -> None:
    found = [line(finding) for finding in bad.findings]
    assert len(found) == 1, found
    assert found[0].startswith(bad.expected), found[0]


@pytest.mark.parametrize(("stack", "patch"), SOUND.values(), ids=SOUND)
def test_what_is_sound_is_let_through(stack: str, patch: Document) -> None:
    found = inspect(patched(committed(stack), patch), TODAY)[1]
    assert [line(finding) for finding in found if finding not in already(stack)] == []


def test_a_database_has_no_way_to_just_any_public_address() -> None:
    reach = {"cidrs": None, "ports": None, "public443": "nobody knows where it is"}
    found = inspect(patched(committed("aiv-prod"), {"database": {"reach": reach}}), TODAY)[1]
    assert {finding.rule for finding in found if finding.severity == "error"} == {"N4"}


def test_there_are_as_many_bad_inputs_as_were_promised() -> None:
    assert len(BAD) >= 90
    faults = {(bad.stack, json.dumps(bad.patch, default=str)) for bad in BAD.values()}
    assert len(faults) == len(BAD), "two files with one fault"


@pytest.mark.parametrize("number", SNIPPETS)
def test_the_snippets_of_the_requirement_documents_are_refused(number: str) -> None:
    for name in SNIPPETS[number]:
        assert any(finding.severity == "error" for finding in BAD[name].findings), name


def firing() -> Iterator[tuple[Rule, Finding]]:
    for bad in BAD.values():
        try:
            whole = Settings.model_validate(bad.document())
        except ValueError:
            continue
        known = {**{name: getattr(whole, name) for name in Settings.model_fields}, "today": TODAY}
        for rule in RULES:
            for finding in apply(rule, known):
                if finding not in already(bad.stack):
                    yield rule, finding


def test_every_rule_has_a_bad_input() -> None:
    refusing = {rule for rule, _ in firing()}
    assert [rule.__name__ for rule in RULES if rule not in refusing] == []


def test_every_finding_says_what_follows_and_what_to_do() -> None:
    for bad in BAD.values():
        for finding in bad.findings:
            for sentence in (finding.what, finding.follows, finding.remedy):
                assert sentence.endswith((".", ").")), (bad.place.name, sentence)
                assert "None" not in sentence, (bad.place.name, sentence)
            assert finding.what != finding.follows


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stacks_have_no_error_no_warning_and_known_notes_only(stack: str) -> None:
    found = already(stack)
    assert [line(finding) for finding in found if finding.severity != "note"] == []
    if stack in NOTED:
        assert {(finding.path, finding.rule) for finding in found} == set(NOTED[stack])


# In full, as people meet them: one of each section and of each kind of fault.
IN_FULL = (
    *(name for names in SNIPPETS.values() for name in names),
    "administrators-past-the-list",
    "two-names-for-one-group",
    "community-ingress-by-its-namespace",
    "database-file-and-a-fast-restart",
    "database-password-for-everybody",
    "deployed-unasked",
    "edge-without-a-tunnel",
    "end-that-is-no-day",
    "gpu-profile-without-gpus",
    "homes-in-a-bucket",
    "hub-with-known-gaps",
    "no-cluster",
    "cluster-too-old-for-the-chart",
    "profile-larger-than-the-quota",
    "prometheus-that-nobody-lets-in",
    "pull-secret-as-an-object",
    "shared-folder-on-a-disk",
    "size-as-a-number",
    "two-hubs",
    "unprotected-for-others",
    "unknown-pipeline",
    "way-past-the-tunnel",
)


def test_findings_read_as_reviewed() -> None:
    told = [f"# {name}\n{BAD[name].findings[0]}\n" for name in IN_FULL]
    golden.check("findings.txt", "\n".join(told))
