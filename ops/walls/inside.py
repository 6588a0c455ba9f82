"""What runs in the notebook: one cell, any Python 3, nothing but the standard library."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ops.smoke.dialled import answers
from ops.smoke.hub import Hub
from ops.walls.probe import Probe, Row, row

_CODE = r"""
import concurrent.futures, ctypes, datetime, ipaddress, json, os, pathlib
import socket, urllib.error, urllib.request

def status(name):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(line.split(":", 1)[1].strip() for line in lines if line.startswith(name + ":"))

def address_of(host, port, kind):
    return socket.getaddrinfo(host, port, type=kind)[0][4][0]

def split(place):
    host, port = place.rsplit(":", 1)
    return host.strip("[]"), int(port)

def never(address):
    return any(ipaddress.ip_address(address) in ipaddress.ip_network(one) for one in GIVEN["never"])

def tcp(one):
    host, port = split(one["place"])
    try:
        address = address_of(host, port, socket.SOCK_STREAM)
    except OSError:
        return "no name"
    if never(address):
        return "not tried"
    try:
        socket.create_connection((address, port), timeout=GIVEN["seconds"]).close()
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else "refused"
    return "open"

def udp(one):
    host, port = split(one["place"])
    if host == "resolver":
        lines = pathlib.Path("/etc/resolv.conf").read_text().splitlines()
        host = next(line.split()[1] for line in lines if line.startswith("nameserver"))
    if never(host):
        return "not tried"
    # A question for the root's name servers: any resolver answers it, if only to refuse.
    asked = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as made:
            made.settimeout(GIVEN["seconds"])
            made.connect((host, port))
            made.send(asked)
            return "open" if made.recv(512)[:2] == asked[:2] else "another answer"
    except TimeoutError:
        return "no answer"
    except OSError as error:
        return os.strerror(error.errno) if error.errno else "refused"

def hub(one):
    base, me = os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_USER"]
    address = base + one["place"].replace("{me}", urllib.request.quote(me))
    if one["place"].startswith("/.."):
        address = base.removesuffix("/api") + one["place"].removeprefix("/..")
    headers = {"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}
    now = datetime.datetime.now(datetime.timezone.utc).isoformat()
    body = json.dumps({"last_activity": now}).encode() if one["method"] != "GET" else None
    asked = urllib.request.Request(address, method=one["method"], headers=headers, data=body)
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with straight.open(asked, timeout=GIVEN["seconds"]) as answer:
            return str(answer.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return type(error).__name__

def said(call):
    try:
        return call()
    except OSError as error:
        return os.strerror(error.errno) if error.errno else type(error).__name__

def system(name, *args):
    call = getattr(ctypes.CDLL(None, use_errno=True), name)
    return "open" if call(*args) == 0 else os.strerror(ctypes.get_errno())

def _raw():
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
    return "open"

def _root():
    os.setuid(0)
    return "open"

def _written():
    with open("/etc/passwd", "a"):
        return "open"

def _token():
    place = pathlib.Path("/var/run/secrets/kubernetes.io")
    return "open" if place.exists() else "none is mounted"

def _device():
    found = [name for name in ("sda", "vda", "nvme0n1", "kmsg", "mem") if os.path.exists("/dev/" + name)]
    return "open: " + ", ".join(found) if found else "none"

def _of_others():
    seen = [one for one in pathlib.Path("/proc").iterdir() if one.name.isdigit()]
    found = sorted(one.name for one in seen if one.stat().st_uid != os.getuid())
    return "open: " + ", ".join(found) if found else "none"

ACTS = {
    "user id": lambda: "open: 0" if os.getuid() == 0 else str(os.getuid()),
    "capabilities": lambda: "none" if int(status("CapEff"), 16) == 0 else "open: " + status("CapEff"),
    "bounding set": lambda: "none" if int(status("CapBnd"), 16) == 0 else "open: " + status("CapBnd"),
    "no new privileges": lambda: "kept" if status("NoNewPrivs") == "1" else "open",
    "seccomp": lambda: "filtered" if status("Seccomp") == "2" else "open",
    "become root": _root,
    "raw socket": _raw,
    "mount": lambda: system("mount", b"none", b"/mnt", b"tmpfs", 0, None),
    "user namespace": lambda: system("unshare", 0x10000000),
    "write to the system": _written,
    "service account token": _token,
    "devices of the node": _device,
    "processes of others": _of_others,
}

def act(one):
    return said(ACTS[one["place"]])

KINDS = {"tcp": tcp, "udp": udp, "hub": hub, "act": act}
with concurrent.futures.ThreadPoolExecutor(24) as pool:
    print(json.dumps({"found": list(pool.map(lambda one: KINDS[one["kind"]](one), GIVEN["targets"]))}))
"""


def tried(hub: Hub, probes: list[Probe], never: Iterable[str]) -> list[Row]:
    """Try all of them at once, from a kernel of the user."""
    found = answers(
        hub, _CODE, [asdict(one) for one in probes], never, "It is not known whether the walls hold."
    )
    return [row(one, str(observed)) for one, observed in zip(probes, found, strict=True)]
