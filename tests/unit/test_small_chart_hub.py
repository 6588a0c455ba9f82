"""The hub's configuration from the chart's values: the file runs as JupyterHub runs it, on mounted files."""

from __future__ import annotations

import os
import shutil
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from chart.schema import over
from embedded.charts import SMALL

Json = dict[str, Any]
SOURCE = SMALL / "files" / "hub"
DEFAULTS: Json = yaml.safe_load((SMALL / "values.yaml").read_text())
RELEASE: Json = {
    "Chart": {"Name": "jupyterhub", "Version": "4.4.0+embedded", "AppVersion": "5.5.4"},
    "Release": {"Name": "jupyterhub", "Namespace": "hubs", "Service": "Helm"},
}
KEPT = {
    "hub.config.JupyterHub.cookie_secret": "c0ffee",
    "hub.config.CryptKeeper.keys": "new;old",
    "hub.config.ConfigurableHTTPProxy.auth_token": "from-the-chart",
}


class Pod:
    """The files that the chart mounts into the hub, and what its configuration makes of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "config").mkdir()
        for file in SOURCE.glob("*.py"):
            shutil.copy(file, root / "config")
        for name in ("jupyterhub_config.py", "z2jh.py"):
            shutil.copy(SOURCE / name, root)
        (root / "config" / "proxy-api").write_text("proxy-api")
        self.secret("secret", KEPT)

    def secret(self, name: str, entries: dict[str, str]) -> None:
        (self.root / name).mkdir(exist_ok=True)
        for key, text in entries.items():
            (self.root / name / key).write_text(text)

    def configured(self, values: Json) -> dict[str, Json]:
        self.secret("secret", {"values.yaml": yaml.safe_dump(over(DEFAULTS, {**RELEASE, **values}))})
        c: dict[str, Json] = defaultdict(dict)
        place = self.root / "jupyterhub_config.py"

        def load(file: str) -> None:
            exec(Path(file).read_text(), {"c": c})  # noqa: S102  as JupyterHub does

        names = {"c": c, "load_subconfig": load, "__file__": str(place), "__name__": "config"}
        exec(compile(place.read_text(), str(place), "exec"), names)  # noqa: S102  as JupyterHub does
        return dict(c)


@pytest.fixture
def client() -> SimpleNamespace:
    return SimpleNamespace(chosen=[])


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: SimpleNamespace) -> Iterator[Pod]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("POD_NAMESPACE", "hubs")
    monkeypatch.setenv("PROXY_API_SERVICE_PORT", "8001")
    for variable in ("PGPASSWORD", "MYSQL_PWD"):
        monkeypatch.setenv(variable, "unset")
    tornado = SimpleNamespace(AsyncHTTPClient=SimpleNamespace(configure=client.chosen.append))
    monkeypatch.setitem(sys.modules, "tornado.httpclient", tornado)
    yield Pod(tmp_path)
    for file in SOURCE.glob("*.py"):
        sys.modules.pop(file.stem, None)


def test_the_hub_finds_its_proxy_and_leaves_running_servers_alone(pod: Pod, client: SimpleNamespace) -> None:
    c = pod.configured({})

    assert c["ConfigurableHTTPProxy"] == {"api_url": "http://proxy-api:8001", "should_start": False}
    assert c["JupyterHub"]["cleanup_servers"] is False
    assert c["JupyterHub"]["hub_connect_url"] == "http://hub:8081"
    assert client.chosen == ["tornado.curl_httpclient.CurlAsyncHTTPClient"]


def test_user_pods_carry_the_labels_of_the_release(pod: Pod) -> None:
    c = pod.configured({})

    assert c["KubeSpawner"]["common_labels"] == {
        "app": "jupyterhub",
        "release": "jupyterhub",
        "chart": "jupyterhub-4.4.0_embedded",
        "app.kubernetes.io/name": "jupyterhub",
        "app.kubernetes.io/instance": "jupyterhub",
        "app.kubernetes.io/managed-by": "kubespawner",
        "helm.sh/chart": "jupyterhub-4.4.0_embedded",
    }
    assert c["KubeSpawner"]["namespace"] == "hubs"


def test_the_existing_secret_wins_key_by_key(pod: Pod) -> None:
    theirs = {"hub": {"config": {"GenericOAuthenticator": {"client_secret": "s"}}}, "cull": {"every": 9}}
    pod.secret(
        "existing-secret",
        {
            "values.yaml": yaml.safe_dump(theirs),
            "hub.config.CryptKeeper.keys": "newest",
            "hub.services.prometheus.apiToken": "their-token",
        },
    )

    c = pod.configured({"hub": {"services": {"prometheus": {}}}})

    assert c["CryptKeeper"]["keys"] == ["newest"]
    assert c["JupyterHub"]["cookie_secret"] == "c0ffee"
    assert c["GenericOAuthenticator"] == {"client_secret": "s"}
    culler, prometheus = c["JupyterHub"]["services"]
    assert prometheus == {"name": "prometheus", "api_token": "their-token"}
    assert "--cull-every=9" in culler["command"]
    assert "--timeout=3600" in culler["command"]


def test_the_proxys_token_comes_from_the_charts_secret_alone(pod: Pod) -> None:
    pod.secret("existing-secret", {"hub.config.ConfigurableHTTPProxy.auth_token": "another"})

    c = pod.configured({"hub": {"config": {"ConfigurableHTTPProxy": {"auth_token": "x", "debug": True}}}})

    assert "auth_token" not in c["ConfigurableHTTPProxy"]
    assert c["ConfigurableHTTPProxy"]["debug"] is True


def test_a_service_without_a_token_stops_the_hub_and_names_the_key(pod: Pod) -> None:
    with pytest.raises(KeyError, match=r"hub\.services\.lost\.apiToken"):
        pod.configured({"hub": {"services": {"lost": {}}}})


def test_later_ones_win_and_code_runs_in_the_order_of_its_names(pod: Pod) -> None:
    (pod.root / "jupyterhub_config.d").mkdir()
    for name in ("b", "a"):
        (pod.root / "jupyterhub_config.d" / f"{name}.py").write_text(
            f"c['Trace']['files'] = c['Trace'].get('files', '') + '{name}'"
        )
    code = "c['Trace']['seen'] = (c['Trace']['files'], c['KubeSpawner']['uid'], get_config('custom.word'))"

    c = pod.configured(
        {
            "custom": {"word": "said"},
            "hub": {
                "config": {"KubeSpawner": {"uid": 7}},
                "extraConfig": {"20": "c['KubeSpawner']['uid'] += 1", "10": code},
            },
        }
    )

    assert c["Trace"]["seen"] == ("ab", 7, "said")
    assert c["KubeSpawner"]["uid"] == 8


def test_a_fault_in_the_values_code_names_the_entry(pod: Pod) -> None:
    with pytest.raises(ZeroDivisionError) as fault:
        pod.configured({"hub": {"extraConfig": {"30-mine": "1 / 0"}}})

    assert fault.traceback[-1].frame.code.raw.co_filename == "hub.extraConfig[30-mine]"


@pytest.mark.parametrize(
    ("database", "url", "variable"),
    [
        ({"type": "sqlite-pvc"}, "sqlite:///jupyterhub.sqlite", ""),
        ({"type": "sqlite-memory"}, "sqlite://", ""),
        ({"type": "other", "url": "sqlite:////srv/x"}, "sqlite:////srv/x", ""),
        ({"type": "postgres", "url": "postgresql://a@b/c"}, "postgresql://a@b/c", "PGPASSWORD"),
        ({"type": "mysql", "url": "mysql+pymysql://a@b/c"}, "mysql+pymysql://a@b/c", "MYSQL_PWD"),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else "",
)
def test_the_database_and_its_password(database: Json, url: str, variable: str, pod: Pod) -> None:
    pod.secret("existing-secret", {"hub.db.password": "word"})

    c = pod.configured({"hub": {"db": database}})

    assert c["JupyterHub"]["db_url"] == url
    set_now = {name for name in ("PGPASSWORD", "MYSQL_PWD") if os.environ[name] == "word"}
    assert set_now == ({variable} if variable else set())


def home(kind: str, **more: object) -> Json:
    return {"singleuser": {"storage": {"type": kind, **more}}}


def test_homes_are_claims_of_their_own(pod: Pod) -> None:
    spawner = pod.configured(home("dynamic", capacity="3Gi", dynamic={"storageClass": "fast"}))["KubeSpawner"]

    assert (spawner["storage_capacity"], spawner["storage_class"]) == ("3Gi", "fast")
    assert spawner["storage_pvc_ensure"] is True
    # A name of our own would take homes away whose claims KubeSpawner remembers.
    assert "pvc_name_template" not in spawner
    assert spawner["volumes"]["volume-{user_server}"]["persistentVolumeClaim"] == {"claimName": "{pvc_name}"}
    assert spawner["volume_mounts"]["volume-{user_server}"]["mountPath"] == "/home/jovyan"


def test_homes_may_be_folders_of_one_claim_or_nothing(pod: Pod) -> None:
    one = pod.configured(home("static", static={"pvcName": "all", "subPath": "homes/{username}"}))
    spawner = one["KubeSpawner"]
    assert spawner["volumes"] == {"home": {"name": "home", "persistentVolumeClaim": {"claimName": "all"}}}
    assert spawner["volume_mounts"]["home"]["subPath"] == "homes/{username}"
    assert "storage_pvc_ensure" not in spawner


def test_no_home_still_mounts_what_is_shared(pod: Pod) -> None:
    shared = {"name": "shared", "emptyDir": {}}
    mounts = [{"name": "shared", "mountPath": path} for path in ("/a", "/b")]

    spawner = pod.configured(home("none", extraVolumes=[shared], extraVolumeMounts=mounts))["KubeSpawner"]

    assert spawner["volumes"] == {"shared": shared}
    assert sorted(mount["mountPath"] for mount in spawner["volume_mounts"].values()) == ["/a", "/b"]


def test_files_for_user_pods_are_mounted_one_by_one(pod: Pod) -> None:
    files = {
        "settings": {"mountPath": "/etc/a.json", "data": {}, "mode": 0o400},
        "b": {"mountPath": "/b", "stringData": ""},
    }

    spawner = pod.configured({"singleuser": {"extraFiles": files}})["KubeSpawner"]

    secret = spawner["volumes"]["files"]["secret"]
    assert secret["secretName"] == "singleuser"
    assert {"key": "settings", "path": "settings", "mode": 0o400} in secret["items"]
    mounted = {
        mount["mountPath"]: mount["subPath"]
        for mount in spawner["volume_mounts"].values()
        if mount["name"] == "files"
    }
    assert mounted == {"/etc/a.json": "settings", "/b": "b"}


@pytest.mark.parametrize(
    ("mode", "required", "preferred"), [("ignore", 1, 0), ("prefer", 1, 1), ("require", 2, 0)]
)
def test_user_pods_keep_to_their_nodes_as_told(mode: str, required: int, preferred: int, pod: Pod) -> None:
    own = [{"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}]
    c = pod.configured(
        {
            "singleuser": {"extraNodeAffinity": {"required": own}},
            "scheduling": {"userPods": {"nodeAffinity": {"matchNodePurpose": mode}}},
        }
    )

    spawner = c["KubeSpawner"]
    assert len(spawner["node_affinity_required"]) == required
    assert len(spawner["node_affinity_preferred"]) == preferred


def test_registry_logins_of_release_pods_and_image_all_reach_user_pods(pod: Pod) -> None:
    login = {"create": True, "registry": "r", "username": "u", "password": "p"}
    c = pod.configured(
        {
            "imagePullSecret": login,
            "imagePullSecrets": ["all"],
            "singleuser": {"image": {"pullSecrets": [{"name": "own"}]}},
        }
    )

    assert c["KubeSpawner"]["image_pull_secrets"] == ["image-pull-secret", "all", {"name": "own"}]


@pytest.mark.parametrize(
    ("cull", "words", "scopes"),
    [
        ({"users": True}, ["--cull-users"], ["admin:users"]),
        ({"adminUsers": False}, ["--cull-admin-users=false"], []),
        ({"removeNamedServers": True, "maxAge": 60}, ["--remove-named-servers", "--max-age=60"], []),
    ],
    ids=["users", "administrators", "named servers"],
)
def test_the_culler_is_told_what_to_do_and_may_do_no_more(
    cull: Json, words: list[str], scopes: list[str], pod: Pod
) -> None:
    c = pod.configured({"cull": cull, "hub": {"baseUrl": "/hubs/"}})

    service, role = c["JupyterHub"]["services"][0], c["JupyterHub"]["load_roles"][0]
    assert "--url=http://localhost:8081/hubs/hub/api" in service["command"]
    assert set(words) <= set(service["command"])
    least = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
    assert role == {"name": service["name"], "services": [service["name"]], "scopes": [*least, *scopes]}


def test_without_the_culler_there_is_no_service_and_no_role(pod: Pod) -> None:
    c = pod.configured({"cull": {"enabled": False}})

    assert (c["JupyterHub"]["services"], c["JupyterHub"]["load_roles"]) == ([], [])


def test_roles_take_their_name_from_the_key(pod: Pod) -> None:
    role = {"scopes": ["read:metrics"], "services": ["prometheus"]}
    c = pod.configured({"hub": {"loadRoles": {"watch": role}}})

    assert {"name": "watch", **role} in c["JupyterHub"]["load_roles"]


NULLS: list[tuple[str, Callable[[Json], object]]] = [
    ("concurrentSpawnLimit", lambda c: c["JupyterHub"].get("concurrent_spawn_limit", "left out")),
    ("consecutiveFailureLimit", lambda c: c["Spawner"].get("consecutive_failure_limit", "left out")),
    ("services", lambda c: "left out" if len(c["JupyterHub"]["services"]) == 1 else "there"),
]


@pytest.mark.parametrize(("key", "seen"), NULLS, ids=[key for key, _ in NULLS])
def test_null_leaves_a_trait_to_its_own_default(key: str, seen: Callable[[Json], object], pod: Pod) -> None:
    assert seen(pod.configured({"hub": {key: None}})) == "left out"
