"""Images: a digest goes where a tag goes, the mirror is the only registry, nothing pulled is missed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from chart import mirror
from chart.archive import Archive
from chart.images import PLACES, at, images, pulled
from chart.mirror import in_mirror, mirrored
from chart.schema import over
from settings import Settings
from tests.unit.documents import PROJECT, settings

DIGEST = "sha256:" + "5" * 64
PREFIX = "artifactory.example.org/docker-remote"
CONTINUOUS = {"prePuller": {"continuous": {"enabled": True}}}
DATA = PROJECT.parent / "shared" / "chart" / "values.yaml"


def image(name: str, **other: str) -> dict[str, str]:
    return {"name": f"artifactory.example.org/team/{name}", "tag": "1"} | other


def behind_a_mirror(**other: Any) -> Settings:  # noqa: ANN401 -- JSON
    three = {name: image(name) for name in ("hub", "proxy", "notebook")}
    return settings({"images": {**three, "mirror": PREFIX, **other}})


def archive(values: dict[str, Any]) -> Archive:
    return Archive(version="4.4.0", defaults=values, schema={})


PAUSE = {"prePuller": {"pause": {"image": {"name": "registry.k8s.io/pause", "tag": "3.10.1"}}}}


def test_a_digest_follows_the_tag_where_the_chart_joins_name_and_tag() -> None:
    written = images(settings({"images": {"hub": {"tag": "1", "digest": DIGEST}}}))
    assert written["hub"]["image"] == {"name": "localhost/jupyterhub/hub", "tag": f"1@{DIGEST}"}
    assert written["proxy"]["chp"]["image"]["tag"] == "built-here"


def test_a_tag_may_move_when_a_digest_holds_the_content() -> None:
    assert settings({"images": {"hub": {"tag": "latest", "digest": DIGEST}}}).images.hub.digest == DIGEST


@pytest.mark.parametrize(
    ("name", "there"),
    [
        ("quay.io/jupyterhub/k8s-network-tools", "jupyterhub/k8s-network-tools"),
        ("registry.k8s.io/pause", "pause"),
        ("registry.example.org:5000/a/b", "a/b"),
        ("localhost/a", "a"),
        ("traefik", "library/traefik"),
        ("jupyterhub/k8s-hub", "jupyterhub/k8s-hub"),
    ],
)
def test_an_image_keeps_its_path_in_the_mirror(name: str, there: str) -> None:
    assert in_mirror(PREFIX, name) == f"{PREFIX}/{there}"


def test_only_what_is_pulled_is_named_in_the_mirror() -> None:
    assert mirrored(behind_a_mirror(), {}) == {}
    assert mirrored(behind_a_mirror(), CONTINUOUS) == {
        "prePuller": {"pause": {"image": {"name": f"{PREFIX}/pause"}}}
    }
    assert mirrored(settings(), CONTINUOUS) == {}


def test_our_own_images_are_never_renamed() -> None:
    everything_on = {
        "singleuser": {"cloudMetadata": {"blockWithIptables": True}},
        "proxy": {"https": {"enabled": True, "type": "letsencrypt", "hosts": ["a.test"]}},
        "scheduling": {"userScheduler": {"enabled": True}, "userPlaceholder": {"enabled": True}},
        "prePuller": {"hook": {"enabled": True}},
    }
    written = mirrored(behind_a_mirror(), everything_on)
    renamed = {place.path for place in PLACES if at(written, f"{place.path}.image")}
    assert renamed == {place.path for place in PLACES} - {"hub", "proxy.chp", "singleuser"}


def test_names_of_the_real_chart_s_images_are_known() -> None:
    if not DATA.is_file():
        pytest.skip("the defaults of chart 4.4.0 do not lie beside this checkout")
    defaults = yaml.safe_load(DATA.read_text())
    assert {place.path: at(defaults, f"{place.path}.image.name") for place in PLACES} == {
        place.path: place.default for place in PLACES
    }


def test_every_image_of_the_real_chart_has_its_place() -> None:
    if not DATA.is_file():
        pytest.skip("the defaults of chart 4.4.0 do not lie beside this checkout")
    found = set(places_of_images(yaml.safe_load(DATA.read_text())))
    assert found == {f"{place.path}.image" for place in PLACES}


def places_of_images(tree: dict[str, Any], path: str = "") -> list[str]:
    found = []
    for key, value in tree.items():
        here = f"{path}.{key}".removeprefix(".")
        if isinstance(value, dict):
            found += [here] if key == "image" and "name" in value else places_of_images(value, here)
    return found


def test_all_that_is_pulled_is_listed() -> None:
    values = over(
        PAUSE,
        {
            "hub": {"image": {"name": "r.test:5000/hub", "tag": f"1@{DIGEST}"}, "extraContainers": None},
            "singleuser": {
                "image": {"name": "r.test/notebook", "tag": "2"},
                "initContainers": [{"name": "ready", "image": f"r.test/init@{DIGEST}"}],
                "profileList": [
                    {
                        "slug": "gpu",
                        "kubespawner_override": {"image": "r.test/gpu:3"},
                        "profile_options": {
                            "size": {"choices": {"big": {"kubespawner_override": {"image": "r.test/big:4"}}}}
                        },
                    }
                ],
            },
            "prePuller": {
                "continuous": {"enabled": True},
                "extraImages": {"more": {"name": "r.test/more", "tag": "5"}},
            },
        },
    )
    assert [(found.who, found.reference) for found in pulled(values)] == [
        ("hub", f"r.test:5000/hub:1@{DIGEST}"),
        ("user servers", "r.test/notebook:2"),
        ("image puller", "registry.k8s.io/pause:3.10.1"),
        ("container ready", f"r.test/init@{DIGEST}"),
        ("profile gpu", "r.test/gpu:3"),
        ("profile gpu", "r.test/big:4"),
        ("image puller", "r.test/more:5"),
    ]


def test_an_image_that_a_newer_chart_moved_is_a_finding() -> None:
    defaults = over(PAUSE, {"prePuller": {"pause": {"image": {"name": "registry.k8s.io/new/pause"}}}})
    chosen = behind_a_mirror()
    values = over(CONTINUOUS, mirrored(chosen, CONTINUOUS))
    (found,) = mirror.findings(chosen, values, archive(defaults))
    assert (found.path, found.rule) == ("values.prePuller.pause.image", "D42")
    assert f"should be {PREFIX}/new/pause" in found.what
    assert mirror.findings(chosen, values, archive(PAUSE)) == []


def test_a_container_from_elsewhere_is_a_finding() -> None:
    values = {"hub": {"extraContainers": [{"name": "side", "image": "docker.io/library/busybox:1"}]}}
    (found,) = mirror.findings(behind_a_mirror(), values, archive({}))
    assert (found.path, found.rule) == ("values.hub.extraContainers[0].image", "D42")
    assert mirror.findings(settings(), values, archive({})) == []


def test_the_chart_s_own_images_need_digests_too_where_they_are_required() -> None:
    three = {
        name: {"name": f"r.test/{name}", "tag": "1", "digest": DIGEST}
        for name in ("hub", "proxy", "notebook")
    }
    chosen = settings({"images": {**three, "digests": "required"}})
    (found,) = mirror.findings(chosen, CONTINUOUS, archive(PAUSE))
    assert (found.path, found.rule) == ("values.prePuller.pause.image", "D29")
    assert mirror.findings(settings(), CONTINUOUS, archive(PAUSE)) == []
    pinned = over(CONTINUOUS, {"prePuller": {"pause": {"image": {"tag": f"3.10.1@{DIGEST}"}}}})
    assert mirror.findings(chosen, pinned, archive(PAUSE)) == []
