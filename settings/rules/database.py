"""Rules about the hub's database: what a file can bear, and how a server is reached."""

from __future__ import annotations

import re
from collections.abc import Iterator

from settings.about import About
from settings.finding import Finding
from settings.hub import FastRestart
from settings.storage import ExternalDatabase, Sqlite

_NETWORK_FILES = re.compile(r"nfs|cephfs|efs|azurefile|smb|gluster")
_MANY = 100


def sqlite_lies_on_a_disk(database: Sqlite) -> Iterator[Finding]:
    """Refuse SQLite on a file system of the network, whose locks it cannot trust."""
    if _NETWORK_FILES.search(database.storage_class):
        yield Finding(
            path="settings.database.storageClass",
            rule="B1",
            what=f"{database.storage_class} is a file system over the network, and SQLite locks files.",
            follows="Locks that do not hold corrupt the database, and the hub forgets its servers.",
            remedy="Use a class of disks (ceph-rbd, local-path), or kind: external.",
        )


def sqlite_waits_for_its_volume(database: Sqlite, availability: FastRestart) -> Iterator[Finding]:
    """Point at a fast restart that the volume makes slow."""
    yield Finding(
        path="settings.database.kind",
        rule="B2",
        what=f"a lost node shall cost {availability.node_loss}, and the database is a file on a volume.",
        follows="The volume is handed over only after the node is given up: ten minutes and more.",
        remedy="Use kind: external, or say availability.kind: none.",
        severity="warning",
    )


def sqlite_is_for_few(database: Sqlite, about: About) -> Iterator[Finding]:
    """Point at a file under a large hub."""
    if about.scale.users >= _MANY:
        yield Finding(
            path="settings.database.kind",
            rule="B2",
            what=f"the state of {about.scale.users} users is a file, written by one at a time.",
            follows="Sign-in and starts wait for each other when many come at once.",
            remedy="Use PostgreSQL: kind: external.",
            severity="warning",
        )


def database_is_reached_encrypted(database: ExternalDatabase) -> Iterator[Finding]:
    """Refuse the password on the wire outside the cluster; point at a server that is not verified."""
    if database.ssl_mode == "verify-full" or database.reach.namespace is not None:
        return
    plain = database.ssl_mode == "disable"
    yield Finding(
        path="settings.database.sslMode",
        rule="B3",
        what=f"sslMode is {database.ssl_mode}, and the database lies outside the cluster.",
        follows="Password, tokens and names cross the network in plain text."
        if plain
        else "Whoever answers in the server's place is believed, and gets the password.",
        remedy="Use verify-full; cluster.caBundle holds the authority where it is the company's own.",
        severity="error" if plain else "warning",
    )


def database_survives_a_node(database: ExternalDatabase, availability: FastRestart) -> Iterator[Finding]:
    """Point at a database that ends with its node, under a hub that shall not."""
    if not database.replicated:
        unknown = database.replicated is None
        yield Finding(
            path="settings.database.replicated",
            rule="B4",
            what=f"a lost node shall cost {availability.node_loss}, and "
            + (
                "nobody says whether the database survives one." if unknown else "the database survives none."
            ),
            follows="If the lost node is the database's, sign-in and starts stand still until it is back.",
            remedy="Ask who runs it, and say in `replicated` whether it survives: true or false.",
            severity="warning" if unknown else "note",
        )


RULES = (
    sqlite_lies_on_a_disk,
    sqlite_waits_for_its_volume,
    sqlite_is_for_few,
    database_is_reached_encrypted,
    database_survives_a_node,
)
