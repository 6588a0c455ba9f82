"""Values that say where the hub keeps its state. The password is never among them."""

from __future__ import annotations

from urllib.parse import urlencode

from chart.authorities import place
from chart.merge import Values
from settings import Settings
from settings.cluster import CaBundle
from settings.secrets import FromCluster, FromStore
from settings.storage import ExternalDatabase

DATABASE_FOLDER = "/srv/jupyterhub"
# Where the hub's image has the public authorities. libpq itself looks only into a home that is empty.
_PUBLIC_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def database(settings: Settings) -> Values:
    """Point the hub at its database: a file on a claim of ours, or a PostgreSQL of others."""
    kept = settings.database
    if not isinstance(kept, ExternalDatabase):
        # `other`, not `sqlite-pvc`: the chart's own claim is deleted with the release.
        # JupyterHub copies the file before it changes its schema, so an upgrade by itself loses nothing.
        file = f"sqlite:///{DATABASE_FOLDER}/jupyterhub.sqlite"
        return {"hub": {"db": {"type": "other", "url": file, "upgrade": True}}}
    # No upgrade by itself: a new schema cannot be taken back, so a person says when.
    values: Values = {"db": {"type": "postgres", "url": _url(kept, settings.cluster.ca_bundle)}}
    if isinstance(settings.secrets, FromCluster | FromStore):
        # libpq's own variable; from Pulumi's config the password lies in the hub's Secret, where the
        # chart looks for it under `hub.db.password`.
        reference = {"name": kept.password_secret, "key": "password"}
        values["extraEnv"] = {"PGPASSWORD": {"valueFrom": {"secretKeyRef": reference}}}
    return {"hub": values}


def _url(kept: ExternalDatabase, bundle: CaBundle | None) -> str:
    options: dict[str, str] = {"sslmode": kept.ssl_mode}
    if kept.ssl_mode == "verify-full":
        options["sslrootcert"] = place(bundle) if bundle else _PUBLIC_AUTHORITIES
    where = f"{kept.user}@{kept.host}:{kept.port}/{kept.name}"
    return f"postgresql+psycopg2://{where}?{urlencode(options, safe='/')}"
