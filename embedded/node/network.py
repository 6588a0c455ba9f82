"""The node's address, its routes and its own nftables table; and the kernel settings that they need.

The address lies on a bridge without ports, because a kernel may come without the `dummy` device.
Pods hang on routed veth pairs (CNI `ptp`), so that every packet between two pods crosses the forward hook.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

from embedded.node import files
from embedded.node.layout import (
    BRIDGE,
    NAT_TABLE,
    NODE_IP,
    NODE_PREFIX,
    POD_CIDR,
    SERVICE_CIDR,
    Options,
)
from embedded.node.shell import attempt, must

SYSCTL = Path("/proc/sys")
# What the node (and kubelet behind its back) changes; put back when the node goes.
CHANGED = (
    "net/ipv4/ip_forward",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)


def rules(options: Options) -> str:
    """The table, as `nft -f` reads it: replaced as a whole, in one transaction."""
    body = f"""\
  chain postrouting {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {POD_CIDR} ip daddr != {POD_CIDR} masquerade
  }}
  chain loopback {{
    type nat hook output priority -110; policy accept;
    ip daddr 127.0.0.1 tcp dport {options.api_port} dnat ip to {NODE_IP}:{options.api_port}
  }}
  chain outside_to_node {{
    type filter hook input priority -10; policy accept;
    iifname {{ "lo", "{BRIDGE}" }} accept
    iifname != "veth*" ip daddr {{ {NODE_IP}, {POD_CIDR} }} drop
  }}
  chain outside_to_pods {{
    type filter hook forward priority -10; policy accept;
    iifname != "veth*" ct state new ip daddr {{ {POD_CIDR}, {SERVICE_CIDR} }} drop
  }}
"""
    mark = hashlib.sha256(body.encode()).hexdigest()[:12]
    table = f"inet {NAT_TABLE}"
    return f'add table {table}\ndelete table {table}\ntable {table} {{\n  comment "{mark}"\n{body}}}\n'


def up(options: Options, saved: Path) -> None:
    """Make what is missing; what is there already stays untouched."""
    remember(saved)
    _set("net/ipv4/ip_forward", "1")
    shown = attempt("ip", "-o", "-4", "addr", "show", "dev", BRIDGE)
    if not shown[0]:
        must("ip", "link", "add", BRIDGE, "type", "bridge")
    if f" {NODE_IP}/{NODE_PREFIX} " not in shown[1]:
        must("ip", "addr", "replace", f"{NODE_IP}/{NODE_PREFIX}", "dev", BRIDGE)
    must("ip", "link", "set", BRIDGE, "up")
    # Without it a machine with no way out of itself has no route to a Service's address either.
    must("ip", "route", "replace", SERVICE_CIDR, "dev", BRIDGE, "src", NODE_IP)
    wanted = rules(options)
    mark = re.search(r'comment "(\w+)"', wanted)
    _, loaded = attempt("nft", "list", "table", "inet", NAT_TABLE)
    if not mark or f'comment "{mark[1]}"' not in loaded or "dnat" not in loaded:
        must("nft", "-f", "-", given=wanted)


def mtu() -> int:
    """The smallest frame of the machine's ways out, so that a pod's packets fit into all of them."""
    ok, said = attempt("ip", "-j", "route", "show", "default")
    devices = [str(route.get("dev", "")) for route in json.loads(said or "[]")] if ok else []
    sizes = [Path(f"/sys/class/net/{device}/mtu") for device in devices]
    return min([int(size.read_text()) for size in sizes if size.is_file()], default=1500)


def remember(saved: Path) -> None:
    """Note the kernel's settings once, before the first change."""
    if not saved.is_file():
        before = {name: (SYSCTL / name).read_text().strip() for name in CHANGED if (SYSCTL / name).is_file()}
        files.write(saved, json.dumps(before))


def restore(saved: Path) -> None:
    """Put the kernel's settings back."""
    for name, value in files.read_json(saved).items():
        if name in CHANGED:
            _set(name, str(value))
    saved.unlink(missing_ok=True)


def _set(name: str, value: str) -> None:
    path = SYSCTL / name
    if path.is_file() and path.read_text().strip() != value:
        path.write_text(value)


def pod_links() -> list[str]:
    """The host's ends of the pods' cables: what routes to a pod's address."""
    ok, said = attempt("ip", "-j", "route", "show", "root", POD_CIDR)
    routes = json.loads(said or "[]") if ok else []
    return sorted({str(route["dev"]) for route in routes if str(route.get("dev", "")).startswith("veth")})


def tables() -> tuple[str, ...]:
    """The nftables tables that come with the node's network."""
    return (f"inet {NAT_TABLE}", "ip kube-proxy", "ip6 kube-proxy")


def down() -> None:
    """Remove links and tables; what is gone already is fine."""
    for link in [*pod_links(), BRIDGE]:
        attempt("ip", "link", "delete", link)
    for table in tables():
        attempt("nft", "delete", "table", *table.split())
