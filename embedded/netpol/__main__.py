"""`python -m embedded.netpol`: runs in the foreground until SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from embedded.console import say
from embedded.fault import Fault
from embedded.netpol import api, cni
from embedded.netpol.controller import Controller


def main(arguments: list[str]) -> int:
    """Enforce policies until told to stop."""
    try:
        options = _options(arguments)
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        with api.access(options.kubeconfig) as access:
            controller = Controller(options.pod_cidr, options.cni_results)
            controller.close()
            controller.follow(access)
            controller.run(stop)
    except Fault as fault:
        say(str(fault))
        return 1
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded.netpol", description=__doc__)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    parser.add_argument("--node-ip", type=IPv4Address, required=True)
    parser.add_argument("--pod-cidr", type=IPv4Network, required=True)
    parser.add_argument("--cni-results", type=Path, default=cni.RESULTS, help="notes of the CNI library")
    options = parser.parse_args(arguments)
    if options.node_ip in options.pod_cidr:
        raise Fault(
            f"The node's address {options.node_ip} lies in the pod network {options.pod_cidr}.",
            "The node would be judged as a pod that nobody knows: nothing could reach it.",
            "Give the node an address of its own.",
        )
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
