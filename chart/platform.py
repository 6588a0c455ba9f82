"""The catalogue of platform services as notebooks see it: files to mount, variables, and where they lie."""

from __future__ import annotations

import json

from chart.merge import Values
from chart.services import Variables, variables
from settings import Settings
from settings.capabilities import Capabilities, gives
from settings.services import CATALOGUE, Service, environment_map, for_users, name_of

FOLDER = "/etc/platform-services"
_DOCUMENT = "catalogue.json"
_PAGE = "README.md"
_HEAD = """\
# Platform services

Made from the hub's settings; `{document}` beside this page has the same for programs, and the variable
`PLATFORM_SERVICES` says where. A change is seen by running servers in these files, and by new servers in
their variables too.

These are all there are. `PLATFORM_SERVICES_GRANTED` names those that this server may use: of the others it
has neither variables nor a way to them. Who administers the hub says which group has which.

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


def environments(settings: Settings) -> dict[str, Variables]:
    """Give the variables of each service that notebooks use, by the ConfigMap's name.

    Pods read them at their own start, so that a change needs no new hub.
    """
    return {environment_map(service): variables(service) for service in for_users(settings.services)}


def catalogue_files(settings: Settings) -> dict[str, str]:
    """Give the catalogue's files, by name: a document for programs, and a page for people."""
    told = for_users(settings.services)
    if not told:
        return {}
    asked = {"contact": settings.auth.contact} if settings.auth.contact else {}
    document = {
        "version": 1,
        **asked,
        "services": [_entry(service, settings.capabilities) for service in told],
    }
    page = _HEAD.format(document=_DOCUMENT) + "".join(map(_row, told))
    return {_DOCUMENT: json.dumps(document, indent=2) + "\n", _PAGE: page}


def _entry(service: Service, capabilities: Capabilities) -> Values:
    """Write one service; of its credentials the Secret's name alone."""
    return {
        "name": name_of(service),
        "kind": service.kind,
        "url": service.url,
        "description": service.description,
        "docs": service.docs,
        "variables": variables(service),
        "credentials": service.credentials,
        "groups": [name for name, row in capabilities.items() if gives(row.services, name_of(service))],
    }


def _row(service: Service) -> str:
    told = [f"`{name}`" for name in variables(service)]
    if service.credentials:
        told.append(f"the keys of `{service.credentials}`")
    more = f"[{service.docs}]({service.docs})" if service.docs else ""
    cells = (
        name_of(service),
        service.url,
        ", ".join(told),
        " ".join(part for part in (service.description, more) if part),
    )
    # A description is free text: a bar in it would end its cell.
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
