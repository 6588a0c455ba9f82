"""What every server of this image offers beside the lab: a welcome page, VS Code where it is installed."""

import shutil
from pathlib import Path

c = get_config()  # noqa: F821 (given by whoever reads this file)

_ICONS = "/opt/notebook/share/icons"
# Unix sockets in the pod's own /tmp: no port can be taken, and none is found.
_CODE_SERVER = [
    "code-server",
    "--auth=none",  # the hub has asked already, and leads nobody else here
    "--disable-telemetry",
    "--disable-update-check",
    "--disable-workspace-trust",
    "--disable-getting-started-override",
    "--socket={unix_socket}",
    "--socket-mode=600",
    str(Path.home()),
]

_offered = {
    "welcome": {
        "command": ["welcome", "--serve={unix_socket}"],
        "unix_socket": True,
        "timeout": 20,
        "launcher_entry": {
            "title": "What is reachable",
            "icon_path": f"{_ICONS}/welcome.svg",
            "category": "Other",
        },
    }
}
if shutil.which("code-server"):
    _offered["code"] = {
        "command": _CODE_SERVER,
        "unix_socket": True,
        "timeout": 60,
        "launcher_entry": {"title": "VS Code", "icon_path": f"{_ICONS}/code.svg", "category": "Notebook"},
    }
c.ServerProxy.servers = _offered
c.ResourceUseDisplay.track_cpu_percent = True
