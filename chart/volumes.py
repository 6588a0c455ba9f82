"""Values that mount what the Storage component keeps: database, homes, shared folder."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.storage import SharedFolder

DATABASE_FOLDER = "/srv/jupyterhub"


def volumes(settings: Settings) -> Values:
    """Mount the database in the hub, and homes and shared folder in user pods."""
    homes, shared = settings.storage.homes, settings.storage.shared
    storage: Values = {
        "capacity": homes.size,
        "dynamic": {"storageClass": homes.storage_class, "storageAccessModes": [homes.access_mode]},
    }
    if shared:
        storage |= _shared(shared)
    return {
        "hub": {
            # `other`, not `sqlite-pvc`: the chart's own claim is deleted with the release.
            "db": {
                "type": "other",
                "url": f"sqlite:///{DATABASE_FOLDER}/jupyterhub.sqlite",
                # JupyterHub copies the file before it changes its schema, so this loses nothing.
                "upgrade": True,
            },
            "extraVolumes": [
                {"name": "database", "persistentVolumeClaim": {"claimName": settings.database.claim}}
            ],
            "extraVolumeMounts": [{"name": "database", "mountPath": DATABASE_FOLDER}],
        },
        "singleuser": {"storage": storage},
    }


def _shared(shared: SharedFolder) -> Values:
    return {
        "extraVolumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": shared.claim}}],
        "extraVolumeMounts": [{"name": "shared", "mountPath": shared.mount_path}],
    }
