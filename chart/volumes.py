"""Values that mount volumes: the database in the hub, homes in user pods.

The shared folder is mounted at the start of a server, where its owner may see it: capabilities.py.
"""

from __future__ import annotations

from chart.authorities import mounted
from chart.database import DATABASE_FOLDER
from chart.homes import scratch
from chart.merge import Values
from chart.platform import mounted as catalogue
from settings import Settings
from settings.storage import Sqlite

Mounted = tuple[Values, Values]


def volumes(settings: Settings) -> Values:
    """Give each pod its volumes. Lists have one writer, so all mounts are written here."""
    homes, bundle = settings.storage.homes, settings.cluster.ca_bundle
    trusted = [mounted(bundle)] if bundle else []
    storage: Values = {
        "capacity": homes.size,
        "dynamic": {"storageClass": homes.storage_class, "storageAccessModes": [homes.access_mode]},
        **_extra([scratch(), *trusted, *catalogue(settings)]),
    }
    values: Values = {"singleuser": {"storage": storage}}
    if for_hub := _extra([*_database(settings), *trusted]):
        values["hub"] = for_hub
    return values


def _database(settings: Settings) -> list[Mounted]:
    kept = settings.database
    return [_claim("database", kept.claim, DATABASE_FOLDER)] if isinstance(kept, Sqlite) else []


def _claim(name: str, claim: str, path: str) -> Mounted:
    volume = {"name": name, "persistentVolumeClaim": {"claimName": claim}}
    return volume, {"name": name, "mountPath": path}


def _extra(mounts: list[Mounted]) -> Values:
    if not mounts:
        return {}
    return {
        "extraVolumes": [volume for volume, _ in mounts],
        "extraVolumeMounts": [mount for _, mount in mounts],
    }
