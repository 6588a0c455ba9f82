"""What a person reads before anything happens: missing secrets by name, and no warning of ours otherwise."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from embedded.engine.engine import Engine
from embedded.overlay import overlay
from embedded.stacks import committed
from tests.e2e.hub import Hub

pytestmark = pytest.mark.node


@pytest.fixture
def bare(hub: Hub, tmp_path: Path) -> Engine:
    """An engine for `aiv-prod` as committed but for its chart, with no secret and an empty state."""
    backend = tmp_path / "backend"
    backend.mkdir()
    generated = yaml.safe_load(hub.engine.config_file.read_text())
    chart = generated["config"]["jupyterhub:settings"]["chart"]
    document = overlay(committed("aiv-prod"), {"chart": chart})
    file = tmp_path / "Pulumi.aiv-prod.yaml"
    env = {**hub.engine.env, "PULUMI_BACKEND_URL": f"file://{backend}"}
    engine = replace(hub.engine, stack="aiv-prod", config_file=file, env=env)
    file.write_text(yaml.safe_dump({**document, "encryptionsalt": engine.make_stack()}))
    return engine


def test_without_secrets_exactly_the_missing_keys_are_named_and_nothing_is_registered(bare: Engine) -> None:
    done = bare.attempt("preview")
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert set(re.findall(r"jupyterhub:(\w+) \[", said)) == {
        "tlsPfx",
        "tlsPfxPassword",
        "oauthClientSecret",
        "databasePassword",
    }
    assert "pulumi config set --stack aiv-prod --secret jupyterhub:tlsPfx" in said
    assert "Traceback" not in said
    shown = json.loads(bare.attempt("preview", "--json").stdout or "{}")
    assert [step for step in shown.get("steps", []) if "pulumi:pulumi:Stack" not in step["urn"]] == []
