"""The catalogue of platform services as notebooks see it: files to mount, variables, and where they lie."""

from __future__ import annotations

import json

from chart.merge import Values
from chart.services import Variables, variables
from settings import Settings
from settings.services import CATALOGUE, Service, for_users

FOLDER = "/etc/platform-services"
_DOCUMENT = "catalogue.json"
_PAGE = "README.md"
_HEAD = """\
# Platform services

Made from the hub's settings; `{document}` beside this page has the same for programs, and the variable
`PLATFORM_SERVICES` says where. A change is seen by running servers in these files, and by new servers in
their variables too.

| service | address | variables | what it is |
|---|---|---|---|
"""


def platform(settings: Settings) -> Values:
    """Tell notebooks where the catalogue lies."""
    if not for_users(settings.services):
        return {}
    return {"singleuser": {"extraEnv": {"PLATFORM_SERVICES": f"{FOLDER}/{_DOCUMENT}"}}}


def mounted(settings: Settings) -> list[tuple[Values, Values]]:
    """Give volume and mount. The whole folder: a single file would keep its first content for ever."""
    if not for_users(settings.services):
        return []
    # Optional, as its variables are: no server waits for a page about services.
    volume = {"name": CATALOGUE, "configMap": {"name": CATALOGUE, "optional": True}}
    return [(volume, {"name": CATALOGUE, "mountPath": FOLDER, "readOnly": True})]


def environment(settings: Settings) -> Variables:
    """Give the variables of all services that notebooks use."""
    return {key: value for it in for_users(settings.services) for key, value in variables(it).items()}


def catalogue_files(settings: Settings) -> dict[str, str]:
    """Give the catalogue's files, by name: a document for programs, and a page for people."""
    told = for_users(settings.services)
    if not told:
        return {}
    asked = {"contact": settings.auth.contact} if settings.auth.contact else {}
    document = {"version": 1, **asked, "services": [_entry(service) for service in told]}
    page = _HEAD.format(document=_DOCUMENT) + "".join(map(_row, told))
    return {_DOCUMENT: json.dumps(document, indent=2) + "\n", _PAGE: page}


def _entry(service: Service) -> Values:
    """Write one service; of its credentials the Secret's name alone."""
    return {
        "name": service.name or service.kind,
        "kind": service.kind,
        "url": service.url,
        "description": service.description,
        "docs": service.docs,
        "variables": variables(service),
        "credentials": service.credentials,
    }


def _row(service: Service) -> str:
    told = [f"`{name}`" for name in variables(service)]
    if service.credentials:
        told.append(f"the keys of `{service.credentials}`")
    more = f"[{service.docs}]({service.docs})" if service.docs else ""
    cells = (
        service.name or service.kind,
        service.url,
        ", ".join(told),
        " ".join(part for part in (service.description, more) if part),
    )
    # A description is free text: a bar in it would end its cell.
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
