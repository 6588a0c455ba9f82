"""Stands in a pod (or a network namespace): echo servers, and a client that tries what it is told.

Runs with nothing but a Python of its own, from `python3 -c`. Commanded by JSON, over HTTP (the host always
reaches its pods) or line by line over standard input. Its environment:
AGENT_TCP, AGENT_UDP  ports to listen on
AGENT_ADDRESS         to listen on: a host with many would answer UDP from another than it was asked at
AGENT_HTTP            port for commands; without it they come by standard input
AGENT_RACE            address:port to be connected to from the first moment on, in a tight loop
"""

from __future__ import annotations

import json
import os
import random
import socket
import socketserver
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

EVERYWHERE = "0.0.0.0"  # noqa: S104 - a pod serves its whole network, policies decide who reaches it
RACE = {"tries": 0, "successes": 0, "waited": -1.0}
HELD: dict[str, socket.socket] = {}


def race(target: str) -> None:
    address, port = target.split(":")
    started = time.monotonic()
    while True:
        RACE["tries"] += 1
        try:
            with socket.create_connection((address, int(port)), 0.2):
                RACE["successes"] += 1
                if RACE["waited"] < 0:
                    RACE["waited"] = time.monotonic() - started
            time.sleep(0.005)
        except OSError:
            time.sleep(0.005)


class EchoTcp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(line)


class EchoUdp(socketserver.DatagramRequestHandler):
    def handle(self) -> None:
        self.wfile.write(self.rfile.read())


class Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64


def by_tcp(address: str, port: int, timeout: float) -> bool:
    with socket.create_connection((address, port), timeout) as connection:
        connection.settimeout(timeout)
        connection.sendall(b"hello\n")
        return connection.recv(16) == b"hello\n"


def by_udp(address: str, port: int, timeout: float) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.connect((address, port))
        connection.settimeout(timeout / 2)
        for _ in range(2):
            connection.send(b"hello\n")
            try:
                return connection.recv(16) == b"hello\n"
            except TimeoutError:
                continue
    return False


def by_dns(name: str, port: int, timeout: float) -> bool:
    """Ask the pod's own name server, as the C library would, but without its five seconds of patience."""
    with open("/etc/resolv.conf") as lines:  # noqa: PTH123 - runs on any Python
        server = next(line.split()[1] for line in lines if line.startswith("nameserver"))
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.connect((server, port))
        connection.settimeout(timeout)
        connection.send(struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + question)
        return connection.recv(512)[:2] == b"\0\7"


def by_icmp(address: str, _: int, timeout: float) -> bool:
    # A new number each time: the same again would belong to the conversation of before, which lives on.
    number = random.randrange(0xF000)  # noqa: S311 - any will do
    packet = struct.pack("!BBHHH", 8, 0, 0xF7FF - number, number, 0)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as connection:
        connection.settimeout(timeout)
        connection.sendto(packet, (address, 0))
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            answer, (source, _port) = connection.recvfrom(256)
            if source == address and answer[20:21] == b"\0":
                return True
    return False


def by_opening(address: str, port: int, timeout: float) -> bool:
    """Only the handshake: for servers that do not echo."""
    with socket.create_connection((address, port), timeout):
        return True


WAYS = {"TCP": by_tcp, "OPEN": by_opening, "UDP": by_udp, "DNS": by_dns, "ICMP": by_icmp}


def attempt(target: list[Any], timeout: float) -> bool:
    protocol, address, port = target
    try:
        return WAYS[protocol](address, port, timeout)
    except OSError:
        return False


def handle(command: dict[str, Any]) -> object:
    match command["do"]:
        case "try":
            targets = command["targets"]
            with ThreadPoolExecutor(max(1, len(targets))) as pool:
                return list(pool.map(lambda target: attempt(target, command["timeout"]), targets))
        case "hold":
            HELD["one"] = socket.create_connection((command["address"], command["port"]), 5)
            return True
        case "use":
            HELD["one"].settimeout(2)
            HELD["one"].sendall(b"still\n")
            return HELD["one"].recv(16) == b"still\n"
        case "race":
            return RACE
    raise ValueError(command)


class Commands(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer({"ready": True})

    def do_POST(self) -> None:
        self.answer(handle(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

    def answer(self, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


def main() -> None:
    if os.environ.get("AGENT_RACE"):
        threading.Thread(target=race, args=(os.environ["AGENT_RACE"],), daemon=True).start()
    own = os.environ.get("AGENT_ADDRESS", EVERYWHERE)
    servers: list[socketserver.BaseServer] = [
        *(Tcp((own, int(p)), EchoTcp) for p in os.environ.get("AGENT_TCP", "").split()),
        *(
            socketserver.ThreadingUDPServer((own, int(p)), EchoUdp)
            for p in os.environ.get("AGENT_UDP", "").split()
        ),
    ]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    port = os.environ.get("AGENT_HTTP")
    if port:
        ThreadingHTTPServer((EVERYWHERE, int(port)), Commands).serve_forever()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(handle(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
