"""What keeps a release from getting ready: its pods and claims, and what the cluster warned about."""

from __future__ import annotations

from embedded.providers.kube.client import Client, Object
from embedded.providers.kube.waits.pods import problems
from embedded.providers.kube.waits.readiness import condition, status_of

MOST = 6


def pods(client: Client, namespace: str, name: str) -> list[Object]:
    """List the pods of a release by the labels that charts set, or else those of the namespace."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    for label in (f"app.kubernetes.io/instance={name}", f"release={name}"):
        found = client.items(path, labelSelector=label)
        if found:
            return found
    return client.items(path)


def progress(client: Client, namespace: str, name: str) -> str:
    """Say in a line how far the pods are."""
    found = pods(client, namespace, name)
    ready = sum(condition(pod, "Ready").get("status") == "True" for pod in found)
    trouble = [line for pod in found for line in problems(pod)]
    text = f"Helm release {namespace}/{name}: {ready} of {len(found)} Pods ready"
    return f"{text}; {trouble[0]}" if trouble else text


def reasons(client: Client, namespace: str, name: str) -> list[str]:
    """List what is not ready and why."""
    found = [line for pod in pods(client, namespace, name) for line in problems(pod)]
    for claim in client.items(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"):
        phase = status_of(claim).get("phase")
        if phase != "Bound":
            found.append(f"[PersistentVolumeClaim {claim['metadata']['name']}]: {phase}")
    return found[:MOST] + _events(client, namespace)


def _events(client: Client, namespace: str) -> list[str]:
    path = f"/api/v1/namespaces/{namespace}/events"
    found = client.items(path, fieldSelector="type=Warning")
    found.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    lines = []
    for event in found:
        subject = event.get("involvedObject") or {}
        lines.append(
            f"[{subject.get('kind')} {subject.get('name')}]: {event.get('reason')}: {event.get('message')}"
        )
    return list(dict.fromkeys(lines))[-MOST:]
