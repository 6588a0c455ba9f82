"""The program run once for each of a few documents; tests look at what it asked for."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pulumi

from deployment import deploy
from settings import Settings
from settings.document import read
from settings.flat import needed
from settings.load import Brought
from tests.unit.documents import EVERYTHING, TODAY, Document, committed, settings
from tests.unit.packed import pack
from tests.unit.recorder import Recorder, Request, run

CERTIFICATE, KEY = "the-certificate", "the-private-key"
SHARED, ADMIN = "shared-pass-word", "the long password of the administrators"
RELEASE = "kubernetes:helm.sh/v3:Release"
SECRET = "kubernetes:core/v1:Secret"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
Deployed = tuple[Recorder, dict[str, Any]]

_SCRATCH = tempfile.TemporaryDirectory(prefix="jupyterhub-tests-")


@cache
def project() -> Path:
    """A project folder with a chart archive that takes any values."""
    place = Path(_SCRATCH.name)
    pack(place / ".charts" / "jupyterhub-4.4.0.tgz")
    return place


def brought(*, passwords: bool) -> Brought:
    secret = pulumi.Output.secret
    return Brought(
        tls_cert=secret(CERTIFICATE),
        tls_key=secret(KEY),
        shared_password=secret(SHARED) if passwords else None,
        admin_password=secret(ADMIN) if passwords else None,
    )


def deployed(patch: Document, *, passwords: bool = False) -> Deployed:
    return run(lambda: deploy(settings(patch), brought(passwords=passwords), project()))


def of(document: Settings, given: Brought) -> Deployed:
    return run(lambda: deploy(document, given, project()))


@cache
def of_stack(stack: str) -> Deployed:
    """A stack as committed, with a chart that is here and every secret that it wants."""
    # The others' charts come from places that no test reaches.
    document = read({**committed(stack), "chart": committed("local")["chart"]}, TODAY)
    return of(document, everything_brought(document))


def everything_brought(document: Settings) -> Brought:
    """Every secret that the settings want, each with a value that tells what it is."""
    wanted = {row.key for row in needed(document)}
    certificate = bool(wanted & {"tlsCert", "tlsPfx"})
    secret = pulumi.Output.secret
    return Brought(
        tls_cert=secret(CERTIFICATE) if certificate else None,
        tls_key=secret(KEY) if certificate else None,
        tls_expires=date(2027, 6, 1) if certificate else None,
        shared_password=secret(SHARED) if "sharedPassword" in wanted else None,
        admin_password=secret(ADMIN) if "adminPassword" in wanted else None,
        further={
            key: secret(f"the {key} that was brought")
            for key in wanted
            if key not in {"tlsCert", "tlsKey", "tlsPfx", "tlsPfxPassword", "sharedPassword", "adminPassword"}
        },
    )


@cache
def local() -> Deployed:
    """As committed."""
    return deployed({})


@cache
def full() -> Deployed:
    """With everything that `local` leaves out."""
    return deployed(EVERYTHING, passwords=True)


def objects(recorder: Recorder) -> list[Request]:
    """Everything but components and the provider itself."""
    return [
        asked for asked in recorder.requests.values() if asked.custom and not asked.type.startswith("pulumi:")
    ]
