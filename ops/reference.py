"""The reference of all settings, docs/settings.md: `python -m ops.reference` writes it.

What a field changes in the cluster is not said but found: it is changed in the committed stacks, and the
values of the chart before and after are compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ops.effects import Effects
from ops.fields import Field, Fields

PROJECT = Path(__file__).resolve().parent.parent
PLACE = PROJECT / "docs" / "settings.md"

HEAD = """\
# All settings

Made from the models and the chart's values by `python -m ops.reference`; a test keeps it current.

A stack file holds one document, `jupyterhub:settings`, of the sections below. *needed* has no default.
The last column names the values of the chart that a change of the field changes in one of the committed
stacks; objects that the stack makes beside the release are named at the head of the section. `-`: it serves
those objects, the checks or people, or a choice that no committed stack has made. A field below a part that
may be left out (such as `cluster.caBundle`) is *needed* only with that part.

The smallest useful document has the sections whose fields are *needed*: about 30 lines
(tests/unit/test_new_environment.py checks one).
"""

REACH = """
## reach

How packets find something; exactly one of `cidrs`, `namespace`, `egressProxy`, `public443`.
Each reach becomes a rule of the network policies.

"""

OBJECTS = {
    "about": "nothing: for people and reports",
    "cluster": "the provider's connection; `caBundle` is mounted from a ConfigMap that others keep",
    "protection": "`protect` and retention of namespace, claims and generated secrets",
    "namespace": "Namespace, ServiceAccounts, Role, RoleBinding, ResourceQuota, LimitRange, default deny",
    "storage": "the shared folder's claim; homes are made by the spawner",
    "database": "the claim of an SQLite database; nothing for an external one",
    "ingress": "the host in Ingress or HTTPRoute, which the release makes; with `tunnel` the connector's "
    "Deployment, Secret, NetworkPolicy and PodDisruptionBudget",
    "tls": "the TLS Secret, where the certificate comes with the stack; cert-manager's Certificate",
    "auth": "the passwords or the client secret in the credentials Secret",
    "capabilities": "nothing beside the release; policies of `services` look for labels that come of it",
    "hub": "the release",
    "profiles": "nothing beside the release",
    "gpu": "a ResourceQuota, a PriorityClass, a ConfigMap for the GPU operator: each where it is asked for",
    "images": "nothing beside the release",
    "chart": "the release",
    "network": "nothing beside the release, which makes the policies",
    "services": "ConfigMaps of the catalogue, of each service's variables and of the portal's card; a "
    "NetworkPolicy for each service",
    "monitoring": "the token that reads metrics, ServiceMonitor, PodMonitor, PrometheusRule, dashboards",
    "placement": "nothing beside the release",
    "availability": "nothing beside the release",
    "secrets": "the generated keys and the credentials Secret",
    "delivery": "nothing: for the pipeline",
    "state": "nothing: for whoever runs pulumi; `ops env` prints it for a shell",
    "culling": "nothing beside the release",
}
"""What a section makes that is no value of the chart. A test wants every section to be here."""


def render() -> str:
    """Give the page."""
    fields, effects = Fields(), Effects.of_committed_stacks()
    parts = [HEAD, "## Sections\n", *(f"- [{name}](#{name.lower()})\n" for name in fields.sections)]
    for name in fields.sections:
        about = fields.about_section(name)
        parts.append(f"\n## {name}\n\n{about}\n\nObjects: {OBJECTS[name]}.\n\n")
        parts += _table(fields.of_section(name), effects)
    parts.append(
        "\n## reach\n\nHow packets find something; exactly one of `cidrs`, `namespace`, `egressProxy`,\n"
    )
    parts.append("`public443`. Each reach becomes a rule of the network policies.\n\n")
    parts += _table(fields.of_reach(), None)
    return "".join(parts)


def _table(fields: list[Field], effects: Effects | None) -> Iterator[str]:
    choices = [field.choice for field in fields if field.choice]
    yield "| setting | form | default | what it is | changes |\n|---|---|---|---|---|\n"
    for field, only in _once(fields, len(dict.fromkeys(choices))):
        changed = effects.of(field) if effects else ()
        cells = [
            f"`{field.place}`" + (f"<br>with `{only}`" if only else ""),
            f"`{field.choice}`" if field.form == "a choice" else field.form,
            field.default,
            field.meaning,
            "<br>".join(f"`{path}`" for path in changed) or "-",
        ]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _once(fields: list[Field], choices: int) -> Iterator[tuple[Field, str]]:
    """Say what all members of a union have once, and of the rest with which member it goes."""
    seen: set[tuple[str, str, str]] = set()
    for field in fields:
        same = [other for other in fields if (other.place, other.meaning) == (field.place, field.meaning)]
        key = (field.place, field.meaning, "" if len(same) == choices else field.choice)
        if key not in seen:
            seen.add(key)
            shown = "" if len(same) == choices or field.form == "a choice" else field.choice
            yield field, shown


if __name__ == "__main__":
    PLACE.write_text(render(), encoding="utf-8")
