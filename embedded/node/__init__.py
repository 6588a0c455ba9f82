"""A real Kubernetes node on one machine: its processes, certificates, network and data."""

from embedded.node.diagnosis import diagnose
from embedded.node.down import stop
from embedded.node.health import Part, status
from embedded.node.layout import Image, Images, Options, Tools
from embedded.node.up import start
from embedded.node.verdict import Verdict, can_run_pods

__all__ = [
    "Image",
    "Images",
    "Options",
    "Part",
    "Tools",
    "Verdict",
    "can_run_pods",
    "diagnose",
    "start",
    "status",
    "stop",
]
