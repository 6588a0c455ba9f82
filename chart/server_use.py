"""Values by which the hub and people know when a server is idle: the same rule in every image."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from chart.hub_files import module
from chart.merge import Values
from settings import Settings
from settings.names import seconds

_FILES = Path(__file__).resolve().parents[1] / "files" / "server"
FOLDER = "/usr/local/etc/jupyter"
"""Every Jupyter reads its configuration here, whichever image it comes from."""
_LAB = "/usr/local/share/jupyter/labextensions/server-use"
_PLACES = {
    "use_clock.py": f"{FOLDER}/use_clock.py",
    "server_use.py": f"{FOLDER}/server_use.py",
    "server_use.json": f"{FOLDER}/jupyter_server_config.d/server_use.json",
    "lab/package.json": f"{_LAB}/package.json",
    "lab/notices.js": f"{_LAB}/static/notices.js",
}
CONFIG = f"import sys\n\nsys.path.append({FOLDER!r})\n"
"""For Jupyter's configuration: where its server finds the module that counts."""
# People are told a third of the time before; what the hub knows is newer than that.
_REPORTS = 6
_MOST_OFTEN, _LEAST_OFTEN = 5, 300
_INSTALL = """\
import sys

from jupyterhub.proxy import ConfigurableHTTPProxy

import real_use

_proxy = c.JupyterHub.proxy_class
c.JupyterHub.proxy_class = real_use.without_traffic(
    _proxy if isinstance(_proxy, type) else ConfigurableHTTPProxy
)
c.JupyterHub.services = real_use.after_reports([*c.JupyterHub.services], sys.executable, {patience})
"""


def server_use(settings: Settings) -> Values:
    """Let real use alone keep a server, and tell people before one is stopped."""
    culled = settings.culling
    if not culled.enabled:
        return {}
    shortest = min(seconds(culled.idle), seconds(culled.idle_gpu or culled.idle))
    often = max(_MOST_OFTEN, min(_LEAST_OFTEN, shortest // _REPORTS))
    files = {
        name.replace("/", "-"): {"mountPath": place, "stringData": _text(name)}
        for name, place in _PLACES.items()
    }
    return {
        "hub": {
            "extraFiles": module("real_use.py"),
            # After those that add services.
            "extraConfig": {"real-use": _INSTALL.format(patience=often + often // 2)},
        },
        "singleuser": {
            "extraEnv": {**ends_after(settings, gpu=False), "JUPYTERHUB_ACTIVITY_INTERVAL": str(often)},
            "extraFiles": files,
        },
    }


def ends_after(settings: Settings, *, gpu: bool) -> dict[str, str]:
    """Say to a server what ends it."""
    culled = settings.culling
    if not culled.enabled:
        return {}
    idle = culled.idle_gpu if gpu and culled.idle_gpu else culled.idle
    told = {"idle": seconds(idle), **({"age": seconds(culled.max_age)} if culled.max_age else {})}
    # No JSON: KubeSpawner takes brackets in a variable for names to be filled in.
    return {"SERVER_ENDS_AFTER": " ".join(f"{what}={span}" for what, span in told.items())}


@cache
def _text(name: str) -> str:
    return (_FILES / name).read_text(encoding="utf-8")
