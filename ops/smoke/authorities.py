"""Whom `ops smoke` believes: this machine's authorities, the company's from the settings, a file's."""

from __future__ import annotations

import ssl
from pathlib import Path

from ops.ending import Cannot
from settings import Settings


def trust(settings: Settings, file: Path | None) -> ssl.SSLContext:
    """Give what checks certificates; there is no way to switch it off."""
    context = ssl.create_default_context()
    bundle = settings.cluster.ca_bundle
    if bundle and bundle.certificates:
        _add(context, bundle.certificates, "settings.cluster.caBundle.certificates")
    if file:
        try:
            text = file.read_text(encoding="ascii", errors="ignore")
        except OSError as error:
            raise _unusable(f"--ca-file {file}", "it cannot be read") from error
        _add(context, text, f"--ca-file {file}")
    return context


def _add(context: ssl.SSLContext, text: str, whence: str) -> None:
    try:
        context.load_verify_locations(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise _unusable(whence, "there is no certificate in it") from error


def _unusable(whence: str, why: str) -> Cannot:
    return Cannot(
        f"{whence}: {why}.\n"
        "    What follows: it is not known whose certificates to believe.\n"
        "    What to do:   give a file of certificates of authorities, as PEM."
    )
