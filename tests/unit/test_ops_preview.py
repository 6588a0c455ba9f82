"""`ops preview`: what a change does to people comes first, in words; nothing secret; a failure says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ops.preview.hiding import HIDDEN, hide, hide_value
from ops.preview.section import markdown
from ops.preview.told import Preview, as_document, told
from tests.unit.ops_runs import ran, tool, without_tools

Json = dict[str, Any]
FENCE = "```"
RELEASE = "jupyterhub:components:Hub$kubernetes:helm.sh/v3:Release"
CLAIM = "jupyterhub:components:Storage$kubernetes:core/v1:PersistentVolumeClaim"
POLICY = "jupyterhub:components:Namespace$kubernetes:networking.k8s.io/v1:NetworkPolicy"
KUBERNETES = "jupyterhub:components:X$kubernetes"
# Each must be found nowhere, whatever the field is called that it stands in.
SECRETS = (
    "hunter2-and-more",
    "7c4a8d09ca3762af61e59520943dc26494f8941b7c4a8d09ca3762af61e59520",
    "glpat-AbCdEf123456789",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY99aa",
)


def step(
    op: str, type_: str, name: str, old: Json | None = None, new: Json | None = None, **more: object
) -> Json:
    """Write a step as the engine does."""
    retained = {"retainOnDelete": True} if more.pop("kept", False) else {}
    return {
        "op": op,
        "urn": f"urn:pulumi:lab::jupyterhub::{type_}::{name}",
        **({} if old is None else {"oldState": {"inputs": old, **retained}}),
        **({} if new is None else {"newState": {"inputs": new}}),
        **more,
    }


def release(old: Json, new: Json, **more: object) -> Json:
    before, after = ({"name": "jupyterhub", "values": values} for values in (old, new))
    return step("update", RELEASE, "release", before, after, **more)


def named(name: str, **spec: object) -> Json:
    return {"metadata": {"name": name}, "spec": spec}


def previewed(*steps: Json, **more: object) -> Preview:
    return told("lab", json.dumps({"steps": steps, "changeSummary": {"same": 3}, **more}))


def risks(*steps: Json) -> dict[str, tuple[str, ...]]:
    return {one.name: one.because for one in previewed(*steps).risks}


def text(one: Preview, most: int = 60_000) -> str:
    return markdown(one, {}, most)


def homes(size: str, **groups: str) -> Json:
    """Values of a release: everyone's size, and that of groups' rows."""
    rows = {name: {"home": {"size": given, "bytes": 1}} for name, given in groups.items()}
    row: Json = {"profiles": ["cpu"]}
    capabilities = {"everyone": row, "groups": {"users": row, **rows}}
    return {"singleuser": {"storage": {"capacity": size}}, "custom": {"capabilities": capabilities}}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (homes("50Gi"), homes("10Gi"), ("everyone: 50Gi -> 10Gi",)),
        (homes("50Gi", gpu="100Gi"), homes("50Gi", gpu="80Gi"), ("gpu: 100Gi -> 80Gi",)),
        (homes("50Gi", gpu="100Gi"), homes("50Gi"), ("gpu: 100Gi -> 50Gi",)),
        (
            homes("50Gi", gpu="100Gi"),
            homes("20Gi"),
            ("everyone: 50Gi -> 20Gi", "gpu: 100Gi -> 20Gi"),
        ),
        (homes("50Gi"), homes("51200Mi"), ()),
        (homes("50Gi"), homes("60Gi", gpu="100Gi"), ()),
        (homes("50Gi", gpu="100Gi"), homes("200Gi"), ()),
        ({}, homes("1Gi"), ()),
        (homes("1Gi"), {"singleuser": HIDDEN}, ()),
    ],
)
def test_homes_that_become_smaller_are_told_by_whose_they_are(
    before: Json, after: Json, said: tuple[str, ...]
) -> None:
    assert risks(release(before, after)).get("smaller-homes", ()) == said


@pytest.mark.parametrize("kind", ["core/v1:PersistentVolumeClaim", "core/v1:PersistentVolume"])
@pytest.mark.parametrize("op", ["delete", "replace"])
def test_a_volume_that_goes_is_told(op: str, kind: str) -> None:
    old, new = named("shared", storageClassName="a"), named("shared", storageClassName="b")
    found = risks(
        step(op, f"{KUBERNETES}:{kind}", "shared", old, new, replaceReasons=["spec.storageClassName"])
    )
    assert list(found) == ["volume"]
    assert found["volume"][0].startswith(f"{op} {kind.rpartition(':')[2]} shared (spec.storageClassName)")
    kept = risks(step(op, f"{KUBERNETES}:{kind}", "shared", old, new, kept=True))
    assert "stays in the cluster" in kept["volume"][0]


@pytest.mark.parametrize(
    "ops", ["create-replacement replace delete-replaced", "create-replacement", "replace"]
)
def test_a_replacement_is_one_in_however_many_steps_it_is_told(ops: str) -> None:
    old, new = named("shared", storageClassName="a"), named("shared", storageClassName="b")
    three = [step(op, CLAIM, "shared", old, new) for op in ops.split()]
    found = previewed(*three)
    assert found.counts == {"replace": 1, "same": 3}
    assert [one.name for one in found.risks] == ["volume"]


def test_a_claim_that_is_made_or_grows_is_no_risk() -> None:
    small, large = named("shared", size="1Gi"), named("shared", size="2Gi")
    assert risks(step("create", CLAIM, "shared", new=small), step("update", CLAIM, "x", small, large)) == {}


@pytest.mark.parametrize("kind", ["core/v1:Namespace", "helm.sh/v3:Release"])
def test_the_end_of_all_is_told_first(kind: str) -> None:
    gone = step("delete", CLAIM, "shared", named("shared"))
    found = risks(gone, step("replace", f"{KUBERNETES}:{kind}", "jupyterhub", {"name": "a"}, {"name": "b"}))
    assert list(found)[:2] == ["namespace-or-release", "volume"]


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("hub.resources.limits.memory", {"hub-restart"}),
        ("singleuser.memory.limit", {"hub-restart"}),
        ("cull.every", {"hub-restart"}),
        ("proxy.chp.resources.limits.memory", {"hub-restart", "proxy-restart"}),
        ("proxy.chp.image.tag", {"hub-restart", "proxy-restart"}),
        ("proxy.secretToken", {"hub-restart", "proxy-restart"}),
        ("hub.baseUrl", {"hub-restart", "proxy-restart"}),
        ("proxy.service.type", {"hub-restart", "door"}),
        ("proxy.chp.pdb.enabled", {"hub-restart"}),
        ("ingress.hosts", {"hub-restart", "door"}),
        ("hub.config.GitHubOAuthenticator.allowed_organizations", {"hub-restart", "who"}),
        ("hub.config.Authenticator.admin_users", {"hub-restart", "who"}),
        ("hub.config.JupyterHub.admin_access", {"hub-restart", "who"}),
        ("hub.config.JupyterHub.shutdown_on_logout", {"hub-restart"}),
        ("hub.loadRoles.prometheus", {"hub-restart", "who"}),
        ("hub.config.KubeSpawner.delete_pvc", {"hub-restart"}),
    ],
)
def test_a_value_of_the_release_has_its_risks(path: str, wanted: set[str]) -> None:
    old, new = ({"kept": 1}, {"kept": 1})
    for tree, value in ((old, "one"), (new, "two")):
        here: Json = tree
        *above, last = path.split(".")
        for part in above:
            here = here.setdefault(part, {})
        here[last] = value
    found = risks(release(old, new))
    assert set(found) == wanted
    assert all(because == (f"values.{path}",) for because in found.values())


def test_a_secret_value_that_changes_is_seen_though_both_look_the_same() -> None:
    values = {"proxy": {"secretToken": "[secret]"}}
    detailed = {"values.proxy.secretToken": {"kind": "update", "inputDiff": True}}
    found = previewed(release(values, values, detailedDiff=detailed))
    assert {one.name for one in found.risks} == {"proxy-restart", "hub-restart"}
    assert "values.proxy.secretToken: [secret] -> [another secret]" in text(found)


def policy(*cidrs: str, types: tuple[str, ...] = ("Ingress",)) -> Json:
    peers = [{"ipBlock": {"cidr": cidr}} for cidr in cidrs]
    return named("proxy", policyTypes=list(types), ingress=[{"from": peers, "ports": [{"port": 8000}]}])


def test_a_policy_that_opens_is_told_with_whom() -> None:
    found = risks(step("update", POLICY, "p", policy("10.0.0.0/24"), policy("10.0.0.0/24", "10.9.0.0/16")))
    assert found == {"opens": ("NetworkPolicy proxy: ingress from 10.9.0.0/16, port 8000",)}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (policy("10.0.0.0/24"), policy("10.0.0.0/8"), "ingress from 10.0.0.0/8"),
        (policy("10.0.0.0/24"), named("p", policyTypes=["Ingress"], ingress=[{}]), "from anyone, port any"),
        (policy(types=("Ingress", "Egress")), policy(types=("Ingress",)), "Egress is no longer held back"),
        (
            named("p", policyTypes=["Egress"]),
            named("p", policyTypes=["Egress"], egress=[{}]),
            "egress to anyone",
        ),
    ],
)
def test_each_way_to_open_is_seen(before: Json, after: Json, words: str) -> None:
    (line,) = risks(step("update", POLICY, "p", before, after))["opens"]
    assert words in line


def test_a_policy_that_closes_opens_nothing() -> None:
    narrow, wide = policy("10.0.0.0/24"), policy("10.0.0.0/24", "10.9.0.0/16")
    assert "opens" not in risks(step("update", POLICY, "p", wide, narrow))
    deny = named("deny", policyTypes=["Ingress"])
    assert "opens" not in risks(step("create", POLICY, "deny", new=deny))
    assert risks(step("delete", POLICY, "deny", deny))["opens"]
    assert risks(step("create", POLICY, "proxy", new=narrow))["opens"]


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"enabled": True}, {"enabled": False}, "the policy is switched off"),
        (
            {"egress": []},
            {"egress": [{"to": [{"ipBlock": {"cidr": "10.1.0.0/16"}}]}]},
            "egress to 10.1.0.0/16",
        ),
        (
            {"egressAllowRules": {"privateIPs": False}},
            {"egressAllowRules": {"privateIPs": True}},
            "rule privateIPs",
        ),
    ],
)
def test_what_the_chart_s_own_policies_open_is_seen(before: Json, after: Json, words: str) -> None:
    values = ({"singleuser": {"networkPolicy": block}} for block in (before, after))
    (line,) = risks(release(*values))["opens"]
    assert line.startswith("values.singleuser.networkPolicy: ")
    assert words in line
    values = ({"singleuser": {"networkPolicy": block}} for block in (after, before))
    assert "opens" not in risks(release(*values))


def test_rights_doors_secrets_and_connectors() -> None:
    template = {"spec": {"template": {"image": "a"}}}, {"spec": {"template": {"image": "b"}}}
    scaled = {"metadata": {"labels": {"a": "1"}}}, {"metadata": {"labels": {"a": "2"}}}
    found = risks(
        step(
            "update", f"{KUBERNETES}:rbac.authorization.k8s.io/v1:Role", "r", named("hub"), named("hub", a=1)
        ),
        step("update", f"{KUBERNETES}:networking.k8s.io/v1:Ingress", "i", named("hub"), named("hub", a=1)),
        step(
            "replace", f"{KUBERNETES}:core/v1:Secret", "s", named("hub-credentials"), named("hub-credentials")
        ),
        step("update", f"{KUBERNETES}:apps/v1:Deployment", "cloudflared", *template),
        step("update", f"{KUBERNETES}:apps/v1:Deployment", "other", *scaled),
    )
    assert found == {
        "tunnel-restart": ("update Deployment cloudflared: spec.template.image",),
        "rights": ("update Role hub",),
        "door": ("update Ingress hub",),
        "secrets": ("replace Secret hub-credentials",),
    }


def test_no_change_is_said_and_a_harmless_one_too() -> None:
    same = step("same", "pulumi:pulumi:Stack", "jupyterhub-lab", {}, {})
    assert "### `lab`: no change, 3 unchanged\n" in text(previewed(same))
    assert "Nothing would change." in text(previewed(same))
    harmless = previewed(step("create", f"{KUBERNETES}:core/v1:ConfigMap", "c", new=named("c")))
    assert "### `lab`: 1 to create, 3 unchanged\n" in text(harmless)
    assert "None of the changes is of a kind to look at twice." in text(harmless)


def outputs(one: Preview) -> str:
    return text(one) + json.dumps(as_document(one), ensure_ascii=False)


@pytest.mark.parametrize("secret", SECRETS)
def test_no_value_that_looks_like_a_secret_is_shown(secret: str) -> None:
    """Wherever it stands: a named field, any other one, a list, a warning, the reason of a failure."""
    shown = "" if secret == SECRETS[0] else secret
    old = {"kept": "visible-before", "password": "a", "any": "b", "list": ["c"], "map": {"apiToken": "d"}}
    new = {
        "kept": "visible-after",
        "password": secret,
        "any": f"x {shown}",
        "list": [shown],
        "map": {"apiToken": secret},
    }
    found = previewed(release(old, new), diagnostics=[{"severity": "warning", "message": f"see {shown}"}])
    failed = told("lab", "", f"error: cannot sign in with {shown}", code=1)
    for written in (outputs(found), outputs(failed)):
        for line in secret.splitlines():
            assert line not in written
            assert json.dumps(line)[1:-1] not in written
    assert "visible-before -> visible-after" in text(found)


def test_what_the_environment_keeps_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "correct horse")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "battery staple")
    # Of `ops env`: it names what encrypts, and is no secret.
    monkeypatch.setenv("HUB_SECRETS_PROVIDER", "passphrase")
    failed = told("lab", "", "bad passphrase 'correct horse', key battery staple; tok", code=255)
    assert failed.failed == f"bad passphrase '{HIDDEN}', key {HIDDEN}; tok"
    assert hide("s3://key:battery@s3.example.org/state") == f"s3://{HIDDEN}@s3.example.org/state"


def test_what_helps_a_reader_is_shown() -> None:
    digest = "sha256:7c4a8d09ca3762af61e59520943dc26494f8941b7c4a8d09ca3762af61e59520"
    for path, value in (
        ("values.hub.image.digest", digest),
        ("values.hub.existingSecret", "hub-credentials-0ecb2bbe"),
        ("values.ingress.tls[0].secretName", "jupyterhub-tls"),
        ("values.hub.config.OAuthenticator.token_url", "https://login.example.org/token"),
        ("spec.storageClassName", "ceph-block"),
        ("stringData", "[secret]"),
        ("spec.replicas", 2),
    ):
        assert hide_value(path, value) == value


def test_a_name_cannot_end_its_block_or_begin_a_mark() -> None:
    strange = f"x\n{FENCE}\n/merge\n<!-- ops section: lab -->"
    written = text(previewed(step("create", f"{KUBERNETES}:core/v1:ConfigMap", strange, new={})))
    inside = written.partition("diff\n")[2]
    assert "````diff" in written
    assert "\n/merge" not in inside
    assert "\n<!--" not in inside


def test_a_long_preview_fits_into_a_note_and_says_what_it_left_out() -> None:
    many = [
        step("create", f"{KUBERNETES}:core/v1:ConfigMap", f"map-{number}", new={}) for number in range(3000)
    ]
    written = text(previewed(*many), most=20_000)
    assert len(written) < 21_000
    assert "more changes are too long for a comment" in written
    assert written.count(FENCE) == 2
    assert written.endswith("</details>\n")
    shown = written.count("+ create ConfigMap")
    assert f"\n{3000 - shown} more changes" in written
    claims = [step("delete", CLAIM, f"c-{number}", named(f"c-{number}")) for number in range(100)]
    assert "and 88 more" in text(previewed(*claims))
    noisy = previewed(diagnostics=[{"severity": "warning", "message": f"{n}{'w' * 9000}"} for n in range(50)])
    assert len(text(noisy)) < 60_000
    assert len(text(told("lab", "", "e" * 1_000_000, code=1))) < 60_000


def test_warnings_are_shown_once_each() -> None:
    warning = {"severity": "warning", "message": "N3: every public address is open\n"}
    found = previewed(diagnostics=[warning, warning, {"severity": "info", "message": "unseen"}])
    assert text(found).count("every public address is open") == 1
    assert "unseen" not in text(found)


def test_the_section_leads_to_its_job() -> None:
    env = {"CI_JOB_URL": "https://gitlab.example.org/-/jobs/1", "CI_COMMIT_SHORT_SHA": "1234abcd"}
    written = markdown(previewed(), env)
    assert "Commit `1234abcd`, [the job with its log](https://gitlab.example.org/-/jobs/1)." in written


ENGINE = """#!/bin/sh
[ "$1 $2" = "preview --json" ] || exit 9
{act}
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is alone on PATH, for a `pulumi` of the test's own."""
    without_tools(monkeypatch, tmp_path / "bin")
    return tmp_path / "bin"


def test_it_runs_the_preview_of_the_stack_and_writes_its_section(engine: Path, tmp_path: Path) -> None:
    tool(engine, "pulumi", ENGINE.format(act='echo "{\\"steps\\": [], \\"at\\": \\"$*\\"}"; echo noise >&2'))
    place = tmp_path / "new" / "lab.md"
    shown = ran("preview", "lab", "--output", place).stdout
    assert place.read_text() == shown
    assert "Nothing would change." in shown


@pytest.mark.parametrize(
    ("act", "words"),
    [
        ("echo 'error: no stack named lab found' >&2; exit 255", "no stack named lab found"),
        (
            'echo \'{"diagnostics": [{"severity": "error", "message": "tlsKey is not set"}]}\'; exit 1',
            "tlsKey is not set",
        ),
        ("echo 'Password required' ; exit 0", "Password required"),
        ("exit 3", "pulumi ended with 3, and said nothing."),
    ],
)
def test_a_preview_that_fails_says_why_in_its_section_too(
    engine: Path, tmp_path: Path, act: str, words: str
) -> None:
    tool(engine, "pulumi", ENGINE.format(act=act))
    place = tmp_path / "lab.md"
    refused = ran("preview", "lab", "--output", place, ends=1)
    assert words in place.read_text()
    assert words in refused.stderr
    assert "### `lab`: the preview failed\n" in place.read_text()
    assert "Nothing would change" not in place.read_text()


def test_drift_ends_with_1_where_anything_would_change(engine: Path) -> None:
    act = "[ \"$8\" = --refresh ] || exit 7; echo '{}'"
    tool(engine, "pulumi", ENGINE.format(act=act.format('{"steps": []}')))
    ran("preview", "lab", "--drift")
    changed = json.dumps({"steps": [step("create", f"{KUBERNETES}:core/v1:ConfigMap", "c", new={})]})
    tool(engine, "pulumi", ENGINE.format(act=act.format(changed)))
    assert "is not what its settings say" in ran("preview", "lab", "--drift", ends=1).stderr
    ran("preview", "lab", ends=1)


def test_without_pulumi_the_section_says_so(engine: Path, tmp_path: Path) -> None:
    assert not list(engine.iterdir())
    assert "pulumi is not on PATH" in ran("preview", "lab", "--json", ends=1).stdout


def test_a_preview_is_read_from_a_file(tmp_path: Path) -> None:
    place = tmp_path / "preview.json"
    place.write_text(json.dumps({"steps": [step("delete", CLAIM, "shared", named("shared"))]}))
    found = json.loads(ran("preview", "lab", "--from", place, "--json").stdout)
    assert [one["risk"] for one in found["risks"]] == ["volume"]
    assert "cannot be read" in ran("preview", "lab", "--from", tmp_path / "none", ends=2).stderr
    place.write_text("[]")
    ran("preview", "lab", "--from", place, ends=1)
    assert "There is no stack file" in ran("preview", "nowhere", "--from", place, ends=2).stderr
