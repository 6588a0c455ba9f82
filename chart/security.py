"""Values that keep every pod within the `restricted` Pod Security level, and without rights."""

from __future__ import annotations

from chart.merge import Values
from settings import Settings

# camelCase, although KubeSpawner's own traits are snake_case: it takes Kubernetes' form here.
_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def security(settings: Settings) -> Values:
    """Bind identities, and take from user pods what the chart would give them."""
    accounts = settings.namespace.service_accounts
    return {
        # Our own Role gives the spawner less than the chart's: no Secrets, no deletion of claims.
        "rbac": {"create": False},
        "hub": {
            "serviceAccount": {"create": False, "name": accounts.hub},
            "config": {
                "KubeSpawner": {
                    "container_security_context": _RESTRICTED,
                    # KubeSpawner mounts a token as soon as a service account is named.
                    "automount_service_account_token": False,
                    # Its default deletes the home with the user.
                    "delete_pvc": False,
                }
            },
        },
        "proxy": {"chp": {"extraPodSpec": {"automountServiceAccountToken": False}}},
        "singleuser": {
            "serviceAccountName": accounts.notebook,
            # The chart's way is a privileged init container; our network policies deny the same address.
            "cloudMetadata": {"blockWithIptables": False},
        },
    }
