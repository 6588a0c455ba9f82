"""The catalogue and the check, beside the real packages of the hub image: installed, asked, thrown away."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chart.catalogue import HERE, Catalogue, load, make
from chart.catalogue.kinds import fits
from tests.unit.hub_configs import SNIPPETS, SOUND
from tests.unit.hub_faults import FAULTS

# A value of every sort that JSON has, and those on which a kind's edge lies.
SAMPLES: list[Any] = [None, True, 2, -1, 1.5, "", "x", "safe", "info", "INFO", "1G", "1.5K", "1Gi"]
SAMPLES += [[], ["x"], [1], [None], [["x"]], [{}], {}, {"a": "b"}, {"a": 1}, {"a": None}, {"a": ["b"]}]

JUDGE = """
import json, sys
sys.path.insert(0, {reader!r})
import packages
from traitlets import HasTraits

def takes(trait, value):
    owner = HasTraits()
    owner._cross_validation_lock = True
    try:
        trait.set(owner, value)
    except Exception:
        return False
    return True

packages.entry_points()
print(json.dumps({{
    f"{{cls.__name__}}.{{name}}": [takes(trait, sample) for sample in json.loads({given!r})]
    for cls in packages.configurable()
    for name, trait in cls.class_own_traits(config=True).items()
}}))
"""

START = """
import json, logging
from jupyterhub.app import JupyterHub
from kubespawner import KubeSpawner, spawner
from traitlets import TraitError
from traitlets.config import Config

said = []

class Ear(logging.Handler):
    def emit(self, record):
        said.append(record.getMessage())

log = logging.getLogger("heard")
log.addHandler(Ear())
log.propagate = False
# No cluster is needed to read a configuration.
spawner.load_config = spawner.shared_client = lambda *_, **__: None

def started(sections):
    said.clear()
    config = Config(sections)
    made = None
    try:
        made = JupyterHub(config=config, log=log).authenticator_class(config=config, log=log)
        KubeSpawner(_mock=True, config=config, log=log)
    except (ModuleNotFoundError, TraitError, ValueError) as refused:
        said.append(f"REFUSED {{refused}}")
    return {{"said": list(said), "claim": getattr(made, "username_claim", None)}}

print(json.dumps({{name: started(sections) for name, sections in json.loads({given!r}).items()}}))
"""
Run = Callable[[str, object], dict[str, Any]]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make.installed(make.LOCK, tmp_path_factory.mktemp("hub"))


@pytest.fixture
def run(python: Path, tmp_path: Path) -> Run:
    def running(script: str, given: object) -> dict[str, Any]:
        place = tmp_path / "script.py"
        place.write_text(script.format(reader=str(HERE), given=json.dumps(given)))
        answer: dict[str, Any] = json.loads(make.read_with(python, place))
        return answer

    return running


@pytest.fixture
def hub() -> Catalogue:
    return load("5.5.4")


def test_made_anew_it_is_what_is_committed(python: Path) -> None:
    assert make.read_with(python) == (HERE / "5.5.4.json").read_text()


def owned(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for owner, of in catalogue.classes.items():
        yield from ((owner, name) for name in of.traits)


def is_meant(kind: str, sample: object) -> bool:
    """Tell where the check differs: classes, empty lists of objects, truth values as numbers."""
    numbers = kind in ("bytes", "float", "int", "union")
    return kind == "class" or (kind, sample) == ("instance", []) or (numbers and sample is True)


def test_a_value_is_judged_as_the_packages_judge_it(run: Run, hub: Catalogue) -> None:
    theirs = run(JUDGE, SAMPLES)
    assert theirs.keys() == {f"{owner}.{name}" for owner, name in owned(hub)}
    differences = {
        (f"{owner}.{name}", repr(sample))
        for owner, name in owned(hub)
        for sample, taken in zip(SAMPLES, theirs[f"{owner}.{name}"], strict=True)
        if fits(sample, hub.classes[owner].traits[name]) != taken
        and not is_meant(hub.classes[owner].traits[name].kind, sample)
    }
    assert differences == set()


def test_the_real_hub_takes_what_is_sound(run: Run) -> None:
    assert {name: one["said"] for name, one in run(START, SOUND).items()} == {name: [] for name in SOUND}


# What the real classes say themselves. Of every other fault they say nothing at all.
THEIR_WORDS = {
    "T2": "not recognized by",
    "T3": "not recognized by",
    "T4": "REFUSED",
    "T6": "REFUSED",
}
OLD_NAMES = {
    "old name": "deprecated",
    "old name of the spawner": "deprecated",
    "display name under an old name": "deprecated",
    "gone name": "REFUSED",
}
# A number that is a truth value is taken; a section that is no mapping stops the chart's own configuration.
TAKEN = {"truth for a number", "section that is none"}


def test_the_real_hub_refuses_or_ignores_what_is_refused_here(run: Run) -> None:
    results = run(START, {name: one.configuration() for name, one in FAULTS.items()})
    for name, fault in FAULTS.items():
        words = OLD_NAMES.get(name) or THEIR_WORDS.get(fault.rule)
        said = "\n".join(results[name]["said"])
        assert (words or "") in said if words and name not in TAKEN else said == "", (name, said)


def test_the_real_hub_does_not_start_with_groups_that_it_does_not_manage(run: Run) -> None:
    config, _ = SNIPPETS["D3"]
    (result,) = run(START, {"D3": config}).values()
    assert "requires AzureAdOAuthenticator.manage_groups" in result["said"][-1]


def test_the_real_default_for_a_user_s_name_is_the_display_name(run: Run) -> None:
    config, _ = SNIPPETS["D5"]
    assert run(START, {"D5": config})["D5"]["claim"] == "name"
