"""Values for what ends by itself: idle servers, those with a GPU sooner, and idle kernels in them."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values, disjoint
from chart.server_use import CONFIG, FOLDER, server_use
from settings import Settings
from settings.hub import Culling
from settings.names import seconds

_INSTALL = """\
import sys

import gpu_culling

service, role = gpu_culling.service(
    get_config("custom.gpuCulling"),
    str(c.JupyterHub.hub_bind_url),
    get_config("hub.baseUrl", "/"),
    sys.executable,
)
c.JupyterHub.services = [*c.JupyterHub.services, service]
c.JupyterHub.load_roles = [*c.JupyterHub.load_roles, role]
"""
# Images have their own settings under another name.
_SERVER_CONFIG = f"{FOLDER}/jupyter_config.py"
_MOST_OFTEN, _LEAST_OFTEN = 10, 300


def culling(settings: Settings) -> Values:
    """Stop idle servers, and never remove a user: with the user would go the home."""
    return disjoint(
        [
            ("servers", _servers(settings.culling)),
            ("servers with a GPU", _gpu_servers(settings)),
            ("kernels", _kernels(settings.culling)),
            ("what counts as use", server_use(settings)),
            ("what people read", {"hub": {"templateVars": {"culling": told(settings)}}}),
        ]
    )


def _servers(culled: Culling) -> Values:
    if not culled.enabled:
        return {"cull": {"enabled": False}}
    return {
        "cull": {
            "enabled": True,
            "users": False,
            "timeout": seconds(culled.idle),
            "every": seconds(culled.every),
            "maxAge": seconds(culled.max_age) if culled.max_age else 0,
        }
    }


def _gpu_servers(settings: Settings) -> Values:
    culled = settings.culling
    profiles = [one for one in settings.profiles if one.gpu and one.enabled]
    if not (culled.enabled and culled.idle_gpu and profiles):
        return {}
    slugs = [one.slug for one in profiles]
    return {
        "custom": {
            "gpuCulling": {
                "idle": seconds(culled.idle_gpu),
                "every": seconds(culled.every),
                # A server for which nothing was chosen has the default.
                "profiles": [*slugs, *(["-"] if any(one.default for one in profiles) else [])],
            }
        },
        "hub": {"extraFiles": module("gpu_culling.py"), "extraConfig": {"gpu-culling": _INSTALL}},
    }


def _kernels(culled: Culling) -> Values:
    if not culled.enabled:
        return {}
    manager: Values = {}
    if culled.kernels:
        idle = seconds(culled.kernels)
        manager = {
            "cull_idle_timeout": idle,
            "cull_interval": max(_MOST_OFTEN, min(_LEAST_OFTEN, idle // 4)),
            # A kernel that computes, or that a page looks at, is in use.
            "cull_busy": False,
            "cull_connected": False,
        }
    text = "".join(f"c.MappingKernelManager.{trait} = {value}\n" for trait, value in manager.items())
    file = {"mountPath": _SERVER_CONFIG, "stringData": CONFIG + text}
    return {"singleuser": {"extraFiles": {"kernels.py": file}}}


def told(settings: Settings) -> str:
    """Say to people what ends by itself, before they start anything."""
    culled = settings.culling
    if not culled.enabled:
        return ""
    gpu = any(one.gpu and one.enabled for one in settings.profiles) and culled.idle_gpu
    told_of = [
        f"A server that nobody uses for {span(culled.idle)} is stopped"
        + (f", one with a GPU after {span(culled.idle_gpu)}." if gpu and culled.idle_gpu else "."),
        "Use is what you do, what computes and what prints; a page merely open is none, but VS Code's.",
        "JupyterLab tells you some minutes before.",
        "Your files stay; what only the memory of a notebook has is lost.",
    ]
    if culled.kernels:
        told_of.insert(1, f"A notebook that nobody has open ends after {span(culled.kernels)} without work.")
    if culled.max_age:
        told_of.append(f"After {span(culled.max_age)} a server is stopped even while it is used.")
    return " ".join(told_of)


def span(duration: str) -> str:
    """Write a span of time as people say it."""
    hours, rest = divmod(seconds(duration), 3600)
    minutes, left = divmod(rest, 60)
    parts = ((hours, "hour"), (minutes, "minute"), (left, "second"))
    said = [f"{count} {unit}{'' if count == 1 else 's'}" for count, unit in parts if count]
    return " and ".join(said)
