"""Values by which the hub decides what each user may: the settings' rows, in the provider's own names."""

from __future__ import annotations

from chart.hub_files import module
from chart.merge import Values
from settings import Settings
from settings.auth import Auth, SharedPassword
from settings.capabilities import EVERYONE, LABEL, Row, gives, offered
from settings.names import amount
from settings.services import Service, environment_map, for_users, name_of

_FILES = ("capabilities.py", "granting.py", "starts.py")
_INSTALL = """\
from granting import Granting
from starts import guard
{recorded}
granting = Granting(
    get_config("custom.capabilities"), c.KubeSpawner.profile_list, get_config("custom.machineUsers", [])
)
c.KubeSpawner.profile_list = granting.offer
c.KubeSpawner.pre_spawn_hook = granting.before_start
c.KubeSpawner.modify_pod_hook = granting.dress
c.JupyterHub.named_server_limit_per_user = granting.named_servers
guard(granting, {record})
"""
# The audit trail watches what lies behind the guard, and would see nothing of what it refuses.
_RECORDED = {"recorded": "from audit_record import record\n", "record": "record"}
_UNRECORDED = {"recorded": "", "record": "None"}


def capabilities(settings: Settings) -> Values:
    """Hand the hub the rows, and the code that keeps to them; what nobody is granted, no pod has."""
    rows = settings.capabilities
    called = _called(settings.auth)
    custom: Values = {
        "everyone": _row(rows.get(EVERYONE, Row()), settings),
        "groups": {
            called[name]: _row(row, settings)
            for name, row in rows.items()
            # A name that nobody defined is no group; a rule says so.
            if name in called
        },
        "profiles": list(offered(settings.profiles)),
        "services": {name_of(one): _service(one) for one in for_users(settings.services)},
        "home": settings.storage.homes.size,
        "label": LABEL,
    }
    if members := _members(settings.auth):
        custom["members"] = members
    # An NFS export comes through a claim too: a pod at the level `restricted` may not name a server.
    if shared := settings.storage.shared:
        custom["sharedFolder"] = {"claim": shared.claim, "mountPath": shared.mount_path}
    code = _INSTALL.format(**(_RECORDED if settings.monitoring.audit else _UNRECORDED))
    files: Values = {}
    for name in _FILES:
        files |= module(name)
    hub: Values = {"extraFiles": files, "extraConfig": {"capabilities": code}}
    if any(row.servers > 1 for row in rows.values()):
        hub["allowNamedServers"] = True
    return {"custom": {"capabilities": custom}, "hub": hub}


def _row(row: Row, settings: Settings) -> Values:
    slugs = offered(settings.profiles)
    names = [name_of(one) for one in for_users(settings.services)]
    values: Values = {
        "profiles": [slug for slug in slugs if gives(row.profiles, slug)],
        "services": [name for name in names if gives(row.services, name)],
        "sharedFolder": row.shared_folder,
        "servers": row.servers,
    }
    if row.home:
        # Bytes beside the words: the hub compares, and knows nothing of Kubernetes' units.
        values["home"] = {"size": row.home, "bytes": int(amount(row.home))}
    return values


def _service(service: Service) -> Values:
    secrets = [service.credentials] if service.credentials else []
    return {"environment": environment_map(service), "credentials": secrets}


def _called(auth: Auth) -> dict[str, str]:
    """Give what the hub calls each group: the provider's name for it; of a shared password, ours."""
    return {name: name for name in auth.groups} if isinstance(auth, SharedPassword) else dict(auth.groups)


def _members(auth: Auth) -> dict[str, list[str]]:
    """Give each user's groups, where no provider tells them."""
    if not isinstance(auth, SharedPassword):
        return {}
    everybody = sorted({name for members in auth.groups.values() for name in members})
    return {one: [name for name, members in auth.groups.items() if one in members] for one in everybody}
