"""Values that mount what the Storage component keeps: database, homes, shared folder."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings
from settings.storage import ExternalDatabase, SharedFolder, Sqlite

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
    return {"hub": database(settings.database), "singleuser": {"storage": storage}}


def database(kept: Sqlite | ExternalDatabase) -> Values:
    """Say where the hub keeps its state; a password comes with the credentials Secret."""
    if isinstance(kept, ExternalDatabase):
        where = f"{kept.user}@{kept.host}:{kept.port}/{kept.name}"
        # No upgrade by itself: a new schema cannot be taken back, so a person says when (D17).
        return {"db": {"type": "postgres", "url": f"postgresql+psycopg2://{where}?sslmode={kept.ssl_mode}"}}
    return {
        # `other`, not `sqlite-pvc`: the chart's own claim is deleted with the release.
        "db": {
            "type": "other",
            "url": f"sqlite:///{DATABASE_FOLDER}/jupyterhub.sqlite",
            # JupyterHub copies the file before it changes its schema, so this loses nothing.
            "upgrade": True,
        },
        "extraVolumes": [{"name": "database", "persistentVolumeClaim": {"claimName": kept.claim}}],
        "extraVolumeMounts": [{"name": "database", "mountPath": DATABASE_FOLDER}],
    }


def _shared(shared: SharedFolder) -> Values:
    return {
        "extraVolumes": [{"name": "shared", "persistentVolumeClaim": {"claimName": shared.claim}}],
        "extraVolumeMounts": [{"name": "shared", "mountPath": shared.mount_path}],
    }
