"""The object gateway outside: Versity's S3 server over a folder, one for all stacks that claim buckets.

As Ceph's does, it gives each claim a user and a bucket of its own; the one who makes them is its root user.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from embedded.fault import Fault
from embedded.node import files, outside, pki
from embedded.node.layout import Layout
from embedded.node.processes import Spec
from embedded.toolchain import ensure as tools
from embedded.world.plan import Listener

PROGRAM = "versitygw"
NAME = "outside-buckets"
_SECONDS = 30
# What the gateway says where an answer of ours came before, and was cut short.
_THERE = ("XAdminUserExists", "BucketAlreadyOwnedByYou")


@dataclass(frozen=True)
class Gateway:
    """Where the gateway is, and how buckets are made there."""

    program: str
    namespace: str
    address: str
    root: str = field(repr=False)
    password: str = field(repr=False)

    def make(self, bucket: str, keys: Mapping[str, str]) -> None:
        """Have a user with these keys, and a bucket that belongs to it."""
        user = keys["AWS_ACCESS_KEY_ID"]
        self._admin(
            "create-user", "--access", user, "--secret", keys["AWS_SECRET_ACCESS_KEY"], "--role", "user"
        )
        self._admin("create-bucket", "--owner", user, "--bucket", bucket)

    def _admin(self, *words: str) -> None:
        """Ask by the gateway's own command, from where its addresses are."""
        # Its certificate is for its name, which is no name here.
        whole = ("admin", "--endpoint-url", self.address, "--allow-insecure", *words)
        env = {**os.environ, "ADMIN_ACCESS_KEY_ID": self.root, "ADMIN_SECRET_ACCESS_KEY": self.password}
        done = subprocess.run(
            ["nsenter", f"--net={self.namespace}", self.program, *whole],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        said = done.stdout + done.stderr
        if done.returncode and not any(word in said for word in _THERE):
            raise OSError(f"the object gateway at {self.address} does not {words[0]}: {said.strip()[-200:]}")


def gateway(place: Layout, listeners: Iterable[Listener]) -> dict[str, Any] | None:
    """Describe the gateway behind a stack's endpoint, for whoever answers its claims; None without one."""
    for listener in listeners:
        scheme = "https" if listener.tls else "http"
        address = f"{scheme}://{listener.address}:{listener.port}"
        root, password = _root(place)
        made = Gateway(program(place), str(outside.namespace(place)), address, root, password)
        return asdict(made)
    return None


def spec(place: Layout, listeners: Iterable[Listener]) -> Spec | None:
    """Give the gateway's process; None where nobody claims a bucket."""
    wanted = sorted(listeners)
    if not wanted:
        shutil.rmtree(_folder(place), ignore_errors=True)
        return None
    if len({listener.tls for listener in wanted}) > 1:
        raise Fault(
            "One stack has its object gateway at https, another at http.",
            "The one gateway of this machine speaks either.",
            "Take one of the stacks down.",
        )
    root, password = _root(place)
    data, users = _folder(place) / "data", _folder(place) / "users"
    for folder in (data, users):
        folder.mkdir(parents=True, exist_ok=True)
    inputs: tuple[Path, ...] = ()
    encrypted: tuple[str, ...] = ()
    if wanted[0].tls:
        names = tuple(dict.fromkeys(listener.name for listener in wanted))
        leaf = pki.Leaf("buckets", names[0], hosts=names)
        pair = pki.leaf_certificate(place.paths.pki, pki.ingress_authority(place.paths.pki), leaf)
        inputs = (pair.certificate, pair.key)
        encrypted = ("--cert", str(pair.certificate), "--key", str(pair.key))
    ports = [word for port in _ports(wanted) for word in ("--port", port)]
    return Spec(
        name=NAME,
        argv=(
            *("nsenter", f"--net={outside.namespace(place)}", program(place), "--quiet"),
            *ports,
            *encrypted,
            *("--iam-dir", str(users), "posix", str(data)),
        ),
        inputs=inputs,
        env={"ROOT_ACCESS_KEY_ID": root, "ROOT_SECRET_ACCESS_KEY": password},
    )


def _ports(listeners: Iterable[Listener]) -> list[str]:
    return sorted({f"{listener.address}:{listener.port}" for listener in listeners})


def program(place: Layout) -> str:
    """Give the gateway's program, built where it is not there yet."""
    return str(tools((PROGRAM,), place.paths).path(PROGRAM))


def _folder(place: Layout) -> Path:
    return place.state / "buckets"


def _root(place: Layout) -> tuple[str, str]:
    """Give the root user's name and password, made once."""
    file = place.state / "buckets.json"
    if not file.is_file():
        files.write(file, f'{{"root": "root", "password": "{secrets.token_hex(20)}"}}', 0o600)
    found = files.read_json(file)
    return str(found["root"]), str(found["password"])
