"""The hub's pages reach every hub, with what its settings say of it."""

from __future__ import annotations

import pytest

from chart.values import build
from tests.unit.documents import PROJECT, STACKS, settings_of

FILES = {place.name: place.read_text() for place in (PROJECT / "files" / "hub" / "pages").iterdir()}


@pytest.mark.parametrize("stack", STACKS)
def test_every_hub_has_all_pages_in_the_folder_that_it_looks_into(stack: str) -> None:
    hub = build(settings_of(stack))["hub"]
    (folder,) = hub["templatePaths"]
    for name, text in FILES.items():
        assert hub["extraFiles"][name] == {"mountPath": f"{folder}/{name}", "stringData": text}


@pytest.mark.parametrize("stack", STACKS)
def test_the_pages_know_whose_hub_it_is(stack: str) -> None:
    settings = settings_of(stack, {"auth": {"contact": "Ada"}, "about": {"help": "https://help.example.org"}})
    told = build(settings)["hub"]["templateVars"]
    assert told["organisation"] == settings.about.organisation
    assert (told["contact"], told["help_url"]) == ("Ada", "https://help.example.org")
    assert told["way_in"]
    assert bool(told["provider"]) is (settings.auth.provider != "sharedPassword")


def test_no_page_trusts_what_a_request_brings() -> None:
    for name, text in FILES.items():
        for line in text.splitlines():
            # Only messages that JupyterHub's own code marks as HTML, and the options: a template of ours.
            assert "safe" not in line or "_html" in line or "spawner_options_form" in line, (name, line)


def test_what_settings_say_of_an_option_is_no_html() -> None:
    text = (PROJECT / "files" / "hub" / "options" / "form.html").read_text(encoding="utf-8")
    for said in ("profile.display_name", "profile.description", "option.display_name", "choice.display_name"):
        assert f"{{{{ {said} | e }}}}" in text
