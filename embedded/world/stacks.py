"""The stacks that have a world around them: their documents and the secrets that were made for them.

A stack's secrets stay while it is up: other ones at each `make up` would restart its hub every time.
"""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from embedded.node import files
from embedded.paths import Paths
from embedded.world.people import KINDS, User, people
from embedded.world.plan import Document, Plan, plan


@dataclass(frozen=True)
class Stack:
    """One stack, its document as committed, what was made up for it, and where its database answers."""

    name: str
    document: Document
    secrets: Mapping[str, str] = field(repr=False)
    passwords: Mapping[str, str] = field(repr=False)
    database: tuple[str, int] | None = None

    @property
    def plan(self) -> Plan:
        """What its outside consists of."""
        return plan(self.document)

    @property
    def users(self) -> tuple[User, ...]:
        """Who can try to sign in."""
        return people(self.document, self.passwords)


def folder(paths: Paths) -> Path:
    """Where the world's files lie; they hold secrets."""
    return paths.state / "world"


def known(paths: Paths) -> list[Stack]:
    """Every stack with a world."""
    found = []
    for file in sorted((folder(paths) / "stacks").glob("*.json")):
        entry = files.read_json(file)
        # One that cannot be read was never whole: the next start of its stack writes it again.
        if {"document", "secrets", "passwords"} <= set(entry):
            database = entry.get("database")
            where = (str(database[0]), int(database[1])) if database else None
            found.append(Stack(file.stem, entry["document"], entry["secrets"], entry["passwords"], where))
    return found


def remembered(paths: Paths, name: str, document: Document) -> Stack:
    """Give a stack what it needs; what it has already stays."""
    before = next((stack for stack in known(paths) if stack.name == name), None)
    old = before.secrets if before else {}
    wanted = plan(document)
    made = {}
    if wanted.application:
        made["oauthClientSecret"] = old.get("oauthClientSecret") or secrets.token_urlsafe(30)
    if document["database"]["kind"] == "external":
        made["databasePassword"] = old.get("databasePassword") or secrets.token_urlsafe(24)
    if wanted.tunnel:
        made["tunnelToken"] = old.get("tunnelToken") or tunnel_token()
    passwords = before.passwords if before else {kind: secrets.token_urlsafe(9) for kind in KINDS}
    stack = Stack(name, document, made, passwords, before.database if before else None)
    remember(paths, stack)
    return stack


def remember(paths: Paths, stack: Stack) -> None:
    """Write a stack down."""
    entry = {
        "document": stack.document,
        "secrets": stack.secrets,
        "passwords": stack.passwords,
        "database": stack.database,
    }
    folder(paths).mkdir(parents=True, exist_ok=True)
    folder(paths).chmod(0o700)
    files.write(_file(paths, stack.name), json.dumps(entry, indent=1), 0o600)


def forget(paths: Paths, name: str) -> None:
    """Forget a stack, with its secrets."""
    _file(paths, name).unlink(missing_ok=True)


def tunnel_token() -> str:
    """A token as Cloudflare gives it: account, tunnel and secret as JSON, in base64."""
    parts = {
        "a": secrets.token_hex(16),
        "t": str(uuid.uuid4()),
        "s": base64.b64encode(secrets.token_bytes(32)).decode(),
    }
    return base64.b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()


def _file(paths: Paths, name: str) -> Path:
    return folder(paths) / "stacks" / f"{name}.json"
