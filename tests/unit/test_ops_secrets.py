"""`ops secrets`: what it says of a stack is what the stack registers, and it never shows a value."""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

import components.credentials as made_by_the_stack
from ops.cli import app
from ops.secrets import making
from ops.secrets.held import Held
from ops.secrets.rotation import TABLE as ROTATED
from ops.secrets.rows import HUB, TUNNEL, Row, rows
from ops.secrets.setting import LENGTHS
from settings import Settings
from settings.document import inspect
from settings.flat import KNOWN, needed
from settings.secrets import Generations
from tests.unit.certificates import AUTHORITY, make
from tests.unit.deployed import everything_brought, of
from tests.unit.documents import PROJECT, STACKS, TODAY, Document, committed, local, patched, settings_of
from tests.unit.recorder import Recorder

SECRET = "kubernetes:core/v1:Secret"
VAULT = {"kind": "vault", "server": "https://vault.aiv.internal", "path": "kv", "role": "jupyterhub"}
AZURE = {
    "kind": "azureKeyVault",
    "server": "https://aiv-hub.vault.azure.net",
    "tenantId": "5d4a7f0e-93c1-4c1b-8e0f-2a6b7c8d9e01",
    "clientId": "8b1c2d3e-4f50-4a61-b728-39404a5b6c7d",
}
CHART = {"chart": {**dict.fromkeys(("ref", "url")), **local()["chart"]}}
STORE: Document = {"secrets": {"source": "externalSecrets", "store": VAULT, "prefix": "jupyterhub/"}}
NOTHING = Held(frozenset(), frozenset())
CIPHER = "AAABANf7nVvVnotarealvalue=="


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["secrets", *arguments])


def project(
    place: Path,
    stack: str,
    patch: Document | None = None,
    **beside: Any,  # noqa: ANN401 -- what a file may hold
) -> Path:
    """Write a stack file with what stands beside its settings."""
    document = patched(committed(stack), patch or {})
    config = {f"jupyterhub:{key}": value for key, value in beside.items()}
    whole = {"config": {**config, "jupyterhub:settings": document}}
    (place / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(whole, sort_keys=False))
    return place


def secure(*keys: str) -> dict[str, Any]:
    return {key: {"secure": CIPHER} for key in keys}


def all_rows(settings: Settings, held: Held = NOTHING) -> dict[str, Row]:
    return {row.name: row for row in rows("any", settings, held, TODAY)}


def registered(recorder: Recorder) -> Iterator[str]:
    """Name each key of each Secret that a stack registers as the rows do."""
    anew = {"hub-credentials": HUB, "tunnel-token": TUNNEL}
    for asked in recorder.requests.values():
        if asked.type == SECRET:
            plain = asked.plain()
            name = plain["metadata"].get("name") or anew[asked.name]
            yield from (f"{name}/{key}" for key in plain["stringData"])


@pytest.mark.parametrize("stack", STACKS)
def test_each_key_of_each_secret_that_a_stack_makes_has_its_row_and_no_other_row_claims_one(
    stack: str,
) -> None:
    document = settings_of(stack, CHART)
    mine = {
        place
        for row in rows(stack, document, NOTHING, TODAY)
        if row.state in ("MISSING", "generated")
        for place in row.cluster
    }
    # The chart keeps the proxy's token in a Secret of its own.
    assert mine - {"hub/hub.config.ConfigurableHTTPProxy.auth_token"} == set(
        registered(of(document, everything_brought(document))[0])
    )


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_needed_and_not_there_is_missing_with_its_command(stack: str, tmp_path: Path) -> None:
    wanted = [row for row in needed(settings_of(stack)) if not row.optional]
    ended = run(stack, "--json", "--project", str(project(tmp_path, stack)))
    told = json.loads(ended.stdout)
    assert told["missing"] == [row.path for row in wanted]
    assert ended.exit_code == (1 if wanted else 0)
    for row in wanted:
        (one,) = [one for one in told["secrets"] if one["name"] == row.path]
        assert one["command"].endswith(row.command(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_with_every_secret_set_nothing_is_missing_and_no_cipher_is_shown(stack: str, tmp_path: Path) -> None:
    keys = [row.key for row in needed(settings_of(stack))]
    place = project(tmp_path, stack, **secure(*keys))
    for form in ([], ["--json"]):
        ended = run(stack, *form, "--project", str(place))
        assert (ended.exit_code, ended.stderr) == (0, "")
        assert "MISSING" not in ended.stdout
        assert CIPHER not in ended.stdout


def test_a_secret_in_plain_text_is_an_error_and_is_not_repeated(tmp_path: Path) -> None:
    place = project(tmp_path, "lab", oauthClientSecret="the-secret-itself", **secure("tunnelToken"))
    ended = run("lab", "--project", str(place))
    assert ended.exit_code == 1
    assert "plain text" in ended.stdout
    assert "the-secret-itself" not in ended.output
    told = json.loads(run("lab", "--json", "--project", str(place)).stdout)
    assert [one["path"] for one in told["findings"]] == ["jupyterhub:oauthClientSecret"]


def test_a_secret_inside_of_the_settings_is_an_error_and_the_settings_are_not_read(tmp_path: Path) -> None:
    patch = {"auth": {"clientId": {"secure": CIPHER}}}
    ended = run("lab", "--project", str(project(tmp_path, "lab", patch)))
    assert ended.exit_code == 1
    assert "secure value inside" in ended.stdout
    assert CIPHER not in ended.output


def test_what_is_set_and_not_used_is_a_warning_and_no_fault(tmp_path: Path) -> None:
    keys = ("oauthClientSecret", "tunnelToken", "databasePassword")
    ended = run("lab", "--project", str(project(tmp_path, "lab", **secure(*keys))))
    assert ended.exit_code == 0
    assert "warning: jupyterhub:databasePassword" in ended.stdout


def test_a_key_with_a_slip_in_its_name_is_named_with_the_right_one(tmp_path: Path) -> None:
    ended = run("lab", "--project", str(project(tmp_path, "lab", **secure("oauthClientSecert"))))
    assert ended.exit_code == 1
    assert "did you mean jupyterhub:oauthClientSecret?" in ended.stdout


def test_settings_with_errors_are_refused_in_words(tmp_path: Path) -> None:
    ended = run("lab", "--project", str(project(tmp_path, "lab", {"ingress": {"host": "no host"}})))
    assert ended.exit_code == 1
    assert "What to do" in ended.stderr
    assert "Traceback" not in ended.output


def test_a_stack_that_is_not_there_cannot_be_looked_at() -> None:
    for errand in ([], ["--generate", "adminPassword"], ["--rotate", "cryptKeys"]):
        ended = run("nowhere", *errand)
        assert ended.exit_code == 2
        assert "There is no stack file" in ended.stderr


def test_a_store_s_entry_has_its_path_and_its_command() -> None:
    found = all_rows(settings_of("aiv-prod", STORE))
    row = found["entra-id-oauth"]
    assert row.lies == "jupyterhub/entra-id-oauth in kv of https://vault.aiv.internal"
    assert row.command == "vault kv put -mount=kv jupyterhub/entra-id-oauth clientSecret=- < value.txt"
    registry = found["aiv-artifactory-credentials"]
    assert registry.command.endswith("dockerconfigjson=- < config.json")
    azure = {**STORE["secrets"], "store": AZURE, "prefix": "jupyterhub-", "elsewhere": ["entra-id-oauth"]}
    found = all_rows(settings_of("aiv-prod", {"secrets": azure}))
    assert found["jupyterhub-database"].command == (
        "az keyvault secret set --vault-name aiv-hub --name jupyterhub-jupyterhub-database --file fields.json"
    )
    assert found["entra-id-oauth"].state == "others'"
    shared = {**STORE["secrets"], "store": {"kind": "existing", "name": "company"}}
    row = all_rows(settings_of("aiv-prod", {"secrets": shared}))["entra-id-oauth"]
    assert (row.lies, row.command) == ("jupyterhub/entra-id-oauth in the ClusterSecretStore company", "")


def test_what_others_put_into_the_cluster_has_its_command() -> None:
    found = all_rows(settings_of("carbon254", {"secrets": {"source": "cluster"}}))
    assert {name for name, row in found.items() if row.state == "others'"} >= {
        "jupyter-minio",
        "oauth-client",
    }
    assert shlex.split(found["jupyter-minio"].command) == [
        *("kubectl", "--context", "carbon254", "-n", "jupyter", "create", "secret", "generic"),
        *("jupyter-minio", "--from-file=AWS_ACCESS_KEY_ID=AWS_ACCESS_KEY_ID.txt"),
        "--from-file=AWS_SECRET_ACCESS_KEY=AWS_SECRET_ACCESS_KEY.txt",
    ]
    tls = all_rows(settings_of("iav-test"))["jupyterhub-tls"]
    assert tls.command.endswith("create secret tls jupyterhub-tls --cert=tls.crt --key=tls.key")
    assert r"jsonpath={.data.tls\.crt}" in shlex.split(tls.look)
    assert "tls.key" not in tls.look


def test_ends_are_said_where_they_are_known() -> None:
    assert all_rows(settings_of("iav-test"))["jupyterhub:adminPassword"].ends == "2027-06-30 (in 221 days)"
    assert "certificateExpires" in all_rows(settings_of("aiv-prod"))["jupyterhub:tlsPfx"].ends
    authority = make("Company", wish=AUTHORITY)
    bundle = {"cluster": {"caBundle": {"certificates": authority.pem}}}
    ends = all_rows(settings_of("aiv-prod", bundle))["aiv-ca-bundle"].ends
    assert date.fromisoformat(re.findall(r"\d{4}-\d\d-\d\d", ends)[0]) > TODAY


def test_what_can_be_made_here_is_long_enough_and_nothing_that_others_must_know() -> None:
    from_a_generator = {key for key, row in KNOWN.items() if row.origin == "a password generator"}
    assert set(LENGTHS) == from_a_generator
    assert all(length >= KNOWN[key].shortest for key, length in LENGTHS.items())


def piped(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(
        [sys.executable, "-m", "ops", "secrets", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env={**kept, **env},
    )


def test_a_made_value_goes_into_a_pipe_and_is_new_each_time() -> None:
    made = [piped("iav-test", "--generate", "adminPassword") for _ in range(2)]
    assert all(re.fullmatch(r"[A-Za-z0-9]{40}\n", one.stdout) and not one.stderr for one in made)
    assert made[0].stdout != made[1].stdout
    in_a_pipeline = piped("iav-test", "--generate", "adminPassword", CI="true")
    assert (in_a_pipeline.returncode, in_a_pipeline.stdout) == (1, "")


def test_no_value_is_made_for_a_terminal_or_a_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with (tmp_path / "log").open("w") as log, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", log)
        with pytest.raises(making.Unshown, match="Nothing was made") as refused:
            making.make("adminPassword", "iav-test", settings_of("iav-test"))
    master, terminal = os.openpty()
    with os.fdopen(terminal, "w") as screen, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", screen)
        with pytest.raises(making.Unshown):
            making.make("adminPassword", "iav-test", settings_of("iav-test"))
    os.close(master)
    assert "--generate adminPassword | pulumi config set --stack iav-test --secret" in str(refused.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("tlsKey", "whoever made the certificate request"),
        ("nothing", "no secret of this name"),
        ("adminPassword", "lab does not use adminPassword"),
    ],
)
def test_what_cannot_be_made_here_is_refused(key: str, says: str) -> None:
    ended = run("lab", "--generate", key)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert says in ended.stderr


def test_a_stack_file_that_cannot_be_written_is_left_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = copied("lab", tmp_path)
    before = file.read_bytes()

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("ops.replacing.shutil.copymode", full)
    ended = run("lab", "--rotate", "cookieSecret", "--project", str(tmp_path))
    assert ended.exit_code == 2
    assert "No space left on device. It is as it was." in ended.stderr
    assert [place.read_bytes() for place in tmp_path.iterdir()] == [before]


def test_two_errands_at_once_are_refused() -> None:
    ended = run("iav-test", "--generate", "adminPassword", "--rotate", "cryptKeys")
    assert ended.exit_code == 2


def copied(stack: str, place: Path) -> Path:
    file = place / f"Pulumi.{stack}.yaml"
    file.write_bytes((PROJECT / file.name).read_bytes())
    return file


def test_every_number_that_counts_generations_can_be_raised() -> None:
    counted = {field.alias or name for name, field in Generations.model_fields.items()}
    assert set(ROTATED) == counted | {"generation"}


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("name", ["proxyToken", "cookieSecret", "cryptKeys", "serviceTokens"])
def test_a_rotation_raises_one_number_and_changes_no_other_line(
    stack: str, name: str, tmp_path: Path
) -> None:
    file = copied(stack, tmp_path)
    before = file.read_text()
    file.chmod(0o640)
    first = run(stack, "--rotate", name, "--project", str(tmp_path))
    assert first.exit_code == 0, first.output
    lines = file.read_text().splitlines()
    (added,) = [line for line in lines if line not in before.splitlines()]
    assert [line for line in lines if line != added] == before.splitlines()
    assert file.stat().st_mode & 0o777 == 0o640
    assert json.loads(run(stack, "--rotate", name, "--json", "--project", str(tmp_path)).stdout)["file"]
    raised = [3, 2, 1] if name == "cryptKeys" else 3
    expected = patched(committed(stack), {"secrets": {"generations": {name: raised}}})
    after = yaml.safe_load(file.read_text())["config"]["jupyterhub:settings"]
    assert after == expected
    assert not [one for one in inspect(after, TODAY)[1] if one.severity == "error"]


def test_a_protected_generation_is_let_go_by_name(tmp_path: Path) -> None:
    copied("aiv-prod", tmp_path)
    told = run("aiv-prod", "--rotate", "cookieSecret", "--project", str(tmp_path)).stdout
    urns = re.findall(r"pulumi state unprotect --stack aiv-prod '([^']*)'", told)
    document = settings_of("aiv-prod", CHART)
    requests: Any = of(document, everything_brought(document))[0].requests
    assert [urn.split("::", 2)[2] for urn in urns] == [
        urn.split("::", 2)[2] for urn in requests if urn.endswith("::cookie-secret-1")
    ]
    copied("local", tmp_path)
    assert "unprotect" not in run("local", "--rotate", "cookieSecret", "--project", str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("stack", "name", "says"),
    [
        ("lab", "tlsCert", "Nothing made here is called tlsCert"),
        ("lab", "passwords", "passwords of auth.provider: sharedPassword are generated"),
        ("lab", "generation", "secrets.source is externalSecrets or cluster"),
    ],
)
def test_what_has_no_number_that_counts_is_refused(stack: str, name: str, says: str, tmp_path: Path) -> None:
    file = copied(stack, tmp_path)
    before = file.read_bytes()
    ended = run(stack, "--rotate", name, "--project", str(tmp_path))
    assert ended.exit_code == 1
    assert says in ended.stderr
    assert file.read_bytes() == before


def test_a_store_is_read_anew_by_its_generation(tmp_path: Path) -> None:
    place = project(tmp_path, "aiv-prod", STORE)
    assert run("aiv-prod", "--rotate", "generation", "--project", str(place)).exit_code == 0
    after = yaml.safe_load((place / "Pulumi.aiv-prod.yaml").read_text())
    assert after["config"]["jupyterhub:settings"]["secrets"]["generation"] == 2


def test_a_file_that_cannot_be_edited_alone_is_left_as_it_is(tmp_path: Path) -> None:
    file = copied("lab", tmp_path)
    text = file.read_text().replace(
        "    secrets:\n      source: config\n", "    secrets: &kept\n      <<: {source: config}\n"
    )
    text = f"{text}other: *kept\n"
    file.write_text(text)
    ended = run("lab", "--rotate", "cookieSecret", "--project", str(tmp_path))
    assert ended.exit_code == 1
    assert "write settings.secrets.generations.cookieSecret: 2 by hand" in ended.stderr
    assert file.read_text() == text


def test_the_lengths_are_those_of_generated_passwords() -> None:
    assert LENGTHS["sharedPassword"] == made_by_the_stack._USER_PASSWORD_LENGTH
    assert LENGTHS["adminPassword"] == made_by_the_stack._ADMIN_PASSWORD_LENGTH


@pytest.mark.parametrize("source", [{"source": "config"}, {"source": "cluster"}, STORE["secrets"]])
def test_the_client_secrets_end_is_told_whoever_keeps_it(source: Document) -> None:
    end = {"auth": {"clientSecretExpires": "2027-06-30"}, "secrets": {"source": None, **source}}
    told = [row.ends for row in rows("aiv-prod", settings_of("aiv-prod", end), NOTHING, TODAY)]
    assert f"2027-06-30 (in {(date(2027, 6, 30) - TODAY).days} days)" in told
    without = rows("aiv-prod", settings_of("aiv-prod", {"secrets": end["secrets"]}), NOTHING, TODAY)
    assert not any("2027" in row.ends for row in without)
