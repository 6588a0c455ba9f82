"""The hub's configuration: the chart's values first, then `hub.config`, mounted files, `hub.extraConfig`.

Later ones win. JupyterHub runs this file and puts `c` and `load_subconfig` into its namespace; code of
`hub.extraConfig` runs in the same namespace, so what is imported or defined here is at its hand.
"""

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
# `z2jh` is mounted beside this file, the rest of the chart's modules only in `config`.
sys.path[:0] = [str(HERE), str(HERE / "config")]

import chart_hub  # noqa: E402
import chart_services  # noqa: E402
import chart_spawner  # noqa: E402
import chart_storage  # noqa: E402
from z2jh import get_config, get_name_env, get_secret_value, values  # noqa: E402

c: Any = globals()["c"]

# The hub asks every running server and the proxy in turn: curl keeps its connections, and knows the
# variables for an egress proxy, which tornado's own client does not.
import_module("tornado.httpclient").AsyncHTTPClient.configure("tornado.curl_httpclient.CurlAsyncHTTPClient")


def _take(section: str, traits: dict[str, Any]) -> None:
    for trait, value in traits.items():
        c[section][trait] = value


def _from_values(chart: dict[str, Any]) -> None:
    hub, user, debug = chart["hub"], chart["singleuser"], chart["debug"]["enabled"]
    _take("JupyterHub", chart_hub.jupyterhub(hub, debug))
    _take("Spawner", {**chart_hub.spawner(hub, debug), **chart_spawner.command(user)})
    _take("ConfigurableHTTPProxy", chart_hub.proxy(get_name_env("proxy-api", "_SERVICE_PORT")))
    _take("KubeSpawner", chart_spawner.kubespawner(chart, os.environ["POD_NAMESPACE"]))
    _take("KubeSpawner", chart_storage.storage(user))
    c["JupyterHub"]["services"] = chart_services.services(hub, chart["cull"], _service_token)
    c["JupyterHub"]["load_roles"] = chart_services.roles(hub, chart["cull"])


def _service_token(key: str) -> str:
    return str(get_secret_value(f"hub.services.{key}.apiToken"))


def _database_password(kind: str) -> None:
    variable = chart_hub.password_variable(kind)
    password = get_secret_value("hub.db.password", None)
    if variable and password:
        os.environ[variable] = password


def _kept_secrets() -> None:
    """Set the keys that are no part of the values, or may be newer in the existing Secret."""
    c["JupyterHub"]["cookie_secret"] = get_secret_value("hub.config.JupyterHub.cookie_secret")
    keys = get_secret_value("hub.config.CryptKeeper.keys")
    c["CryptKeeper"]["keys"] = keys.split(";")
    # The proxy pod has its token from the chart's Secret alone, so the hub takes no other: it reads
    # CONFIGPROXY_AUTH_TOKEN, which comes from there.
    c["ConfigurableHTTPProxy"].pop("auth_token", None)


def _mounted_files(folder: Path) -> None:
    load = globals()["load_subconfig"]
    for file in sorted(folder.glob("*.py"), key=lambda place: place.name):
        load(str(file))


_from_values(values())
_database_password(get_config("hub.db.type"))
for _section, _traits in get_config("hub.config", {}).items():
    _take(_section, _traits)
_kept_secrets()
_mounted_files(HERE / "jupyterhub_config.d")
for _name, _code in sorted(get_config("hub.extraConfig", {}).items()):
    exec(compile(_code, f"hub.extraConfig[{_name}]", "exec"))  # noqa: S102  the value's whole purpose
