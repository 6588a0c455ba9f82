"""The inputs of a Release: completed as the official provider does it, and written as Helm's arguments."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import yaml

from embedded.providers.codec import (
    Asset,
    Properties,
    Secret,
    Unknown,
    Value,
    bare,
    keep_secrets,
    keep_unknowns,
)
from embedded.providers.errors import ProviderError
from embedded.providers.kube.names import suffix
from embedded.providers.lifecycle import Urn

DEFAULT_SECONDS = 300
FLAGS = (
    "allowNullValues",
    "atomic",
    "cleanupOnFail",
    "createNamespace",
    "dependencyUpdate",
    "devel",
    "disableCRDHooks",
    "disableOpenapiValidation",
    "disableWebhooks",
    "forceUpdate",
    "lint",
    "recreatePods",
    "renderSubchartNotes",
    "replace",
    "resetValues",
    "reuseValues",
    "skipAwait",
    "skipCrds",
    "verify",
    "waitForJobs",
)
TEXTS = ("chart", "description", "keyring", "name", "namespace", "postrender", "version")
REFUSED = {
    "verify": "it checks no signatures",
    "recreatePods": "Helm 3 has dropped it",
}


def complete(urn: Urn, old: Properties, given: Properties, namespace: str) -> Properties:
    """Fill in name, namespace and every default; values files go into the values, below them."""
    plain = {key: value for key, value in bare(given).items() if not isinstance(value, Unknown)}
    inputs: Properties = {name: bool(plain.get(name)) for name in FLAGS}
    inputs |= {name: plain.get(name) or "" for name in TEXTS}
    inputs["name"] = inputs["name"] or bare(old.get("name")) or f"{urn.name}-{suffix()}"
    inputs["namespace"] = inputs["namespace"] or namespace
    inputs["timeout"] = int(plain.get("timeout") or 0)
    if not inputs["timeout"] and not inputs["skipAwait"]:
        inputs["timeout"] = DEFAULT_SECONDS
    for name in ("maxHistory", "repositoryOpts"):
        if plain.get(name) is not None:
            inputs[name] = plain[name]
    values = plain.get("values")
    inputs["values"] = merged(_from_files(plain), values if isinstance(values, dict) else {})
    return inputs


def marked(inputs: Properties, given: Properties) -> Properties:
    """Carry over what is secret and what is not known yet."""
    return keep_secrets({key: _unknown(value, given.get(key)) for key, value in inputs.items()}, given)


def _unknown(value: Value, given: Value) -> Value:
    return keep_unknowns(value, given) if given is not None else value


def _from_files(plain: Mapping[str, Value]) -> Properties:
    values: Properties = {}
    for one in plain.get("valueYamlFiles") or []:
        if not isinstance(one, Asset):
            raise ProviderError("valueYamlFiles takes pulumi.FileAsset or pulumi.StringAsset")
        try:
            values = merged(values, yaml.safe_load(one.read()) or {})
        except (OSError, ValueError, yaml.YAMLError) as error:
            raise ProviderError(f"a file of valueYamlFiles cannot be read: {error}") from error
    return values


def merged(under: Mapping[str, Value], over: Mapping[str, Value]) -> Properties:
    """Merge values as Helm does: objects key by key, everything else is replaced."""
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merged(below, value)  # noqa: PLW2901 - the merged value is the value
        result[key] = value
    return result


def refusals(inputs: Mapping[str, Value]) -> list[tuple[str, str]]:
    """Name the inputs that cannot be honoured here."""
    found = [
        (name, f"the embedded provider cannot honour {name}: {why}")
        for name, why in REFUSED.items()
        if inputs.get(name)
    ]
    repository = inputs.get("repositoryOpts") or {}
    if repository.get("password") or repository.get("username"):
        why = "Helm takes them on its command line, where every user of the machine could read them"
        found.append(("repositoryOpts", f"the embedded provider hands no credentials to Helm: {why}"))
    return found


def chart_arguments(inputs: Mapping[str, Value]) -> list[str]:
    """Say where the chart comes from."""
    repository = inputs.get("repositoryOpts") or {}
    chart, repo = str(inputs["chart"]).strip(), str(repository.get("repo") or "")
    found = []
    if repo and not chart.startswith("oci://"):
        if urlsplit(repo).scheme:
            found += ["--repo", repo]
        elif "/" not in chart:
            chart = f"{repo}/{chart}"
    for name, flag in (("caFile", "--ca-file"), ("certFile", "--cert-file"), ("keyFile", "--key-file")):
        if repository.get(name):
            found += [flag, str(repository[name])]
    if inputs.get("version"):
        found += ["--version", str(inputs["version"])]
    elif inputs.get("devel"):
        found.append("--devel")
    return [chart, *found]


def _switches(inputs: Mapping[str, Value], table: Mapping[str, str]) -> list[str]:
    return [flag for name, flag in table.items() if inputs.get(name)]


_BOTH = {
    "atomic": "--atomic",
    "dependencyUpdate": "--dependency-update",
    "renderSubchartNotes": "--render-subchart-notes",
}


def _common(inputs: Mapping[str, Value]) -> list[str]:
    found = ["--timeout", f"{inputs.get('timeout') or DEFAULT_SECONDS}s", *_switches(inputs, _BOTH)]
    if not inputs.get("skipAwait"):
        found += ["--wait", *_switches(inputs, {"waitForJobs": "--wait-for-jobs"})]
    for name, flag in (("description", "--description"), ("postrender", "--post-renderer")):
        if inputs.get(name):
            found += [flag, str(inputs[name])]
    return found


def install_arguments(inputs: Mapping[str, Value]) -> list[str]:
    """Write a first installation; of the hook switches disableWebhooks counts here, as upstream."""
    switches = {
        "createNamespace": "--create-namespace",
        "disableOpenapiValidation": "--disable-openapi-validation",
        "disableWebhooks": "--no-hooks",
        "replace": "--replace",
        "skipCrds": "--skip-crds",
    }
    return [
        "install",
        str(inputs["name"]),
        *chart_arguments(inputs),
        *_common(inputs),
        *_switches(inputs, switches),
    ]


def upgrade_arguments(inputs: Mapping[str, Value]) -> list[str]:
    """Write an upgrade; of the hook switches disableCRDHooks counts here, as upstream."""
    switches = {
        "cleanupOnFail": "--cleanup-on-fail",
        "disableCRDHooks": "--no-hooks",
        "forceUpdate": "--force",
        "resetValues": "--reset-values",
        "reuseValues": "--reuse-values",
    }
    return [
        "upgrade",
        str(inputs["name"]),
        *chart_arguments(inputs),
        *_common(inputs),
        *_switches(inputs, switches),
        "--history-max",
        str(inputs.get("maxHistory") or 0),
    ]


def uninstall_arguments(inputs: Mapping[str, Value]) -> list[str]:
    """Write an uninstallation, which waits unless the release was told not to."""
    found = ["uninstall", str(inputs["name"])]
    if inputs.get("atomic") or not inputs.get("skipAwait"):
        found += ["--wait", "--timeout", f"{inputs.get('timeout') or DEFAULT_SECONDS}s"]
    return found


def secret_inputs(inputs: Properties) -> Secret:
    """Keep the inputs in the state, secret as a whole."""
    return Secret(inputs)
