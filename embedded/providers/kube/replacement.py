"""Which changed fields force an object to be replaced, per kind: the official provider's rules."""

from __future__ import annotations

from embedded.providers.codec import Properties
from embedded.providers.kube.settings import Settings

IDENTITY = (".metadata.name", ".metadata.namespace")
SELECTOR = (".spec.selector",)
_SOURCES = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk "
    "glusterfs hostPath iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos "
    "vsphereVolume"
)
_POD = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC "
    "hostNetwork hostPID hostname imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority "
    "priorityClassName readinessGates restartPolicy runtimeClassName schedulerName securityContext "
    "serviceAccount serviceAccountName shareProcessNamespace subdomain terminationGracePeriodSeconds volumes"
)
_CONTAINER = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources "
    "securityContext stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices "
    "volumeMounts workingDir"
)


def _under(prefix: str, names: str) -> tuple[str, ...]:
    return tuple(f"{prefix}.{name}" for name in names.split())


TABLE: dict[tuple[str, str], tuple[str, ...]] = {
    ("apps/v1", "DaemonSet"): SELECTOR,
    ("apps/v1", "Deployment"): SELECTOR,
    ("apps/v1", "StatefulSet"): (
        *SELECTOR,
        *_under(".spec", "podManagementPolicy revisionHistoryLimit serviceName volumeClaimTemplates"),
    ),
    ("batch/v1", "Job"): (*SELECTOR, *_under(".spec", "completions parallelism template")),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): (".roleRef",),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): (".roleRef",),
    ("storage.k8s.io/v1", "StorageClass"): (".parameters", ".provisioner"),
    ("v1", "PersistentVolume"): _under(".spec", _SOURCES),
    ("v1", "PersistentVolumeClaim"): _under(".spec", "accessModes selector storageClassName volumeName"),
    ("v1", "Pod"): (
        *_under(".spec", _POD),
        *_under(".spec.containers[*]", _CONTAINER),
        *_under(".spec.initContainers[*]", _CONTAINER),
    ),
    ("v1", "ResourceQuota"): (".spec.scopes",),
    ("v1", "Secret"): (".type",),
    ("v1", "Service"): (".spec.clusterIP",),
}


def forcing(obj: Properties, settings: Settings) -> tuple[str, ...]:
    """List the patterns of the fields whose change replaces this object."""
    key = (str(obj.get("apiVersion")), str(obj.get("kind")))
    frozen = obj.get("immutable") is True
    if key == ("v1", "Secret") and (frozen or not settings.secret_mutable):
        return (*IDENTITY, ".type", ".stringData", ".data")
    if key == ("v1", "ConfigMap") and (frozen or not settings.config_map_mutable):
        return (*IDENTITY, ".binaryData", ".data")
    return (*IDENTITY, *TABLE.get(key, ()))
