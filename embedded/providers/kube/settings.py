"""The provider's own settings: strings of booleans from the program, or the PULUMI_K8S_* environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

REFUSED = {
    "renderYamlToDirectory": "it renders no YAML",
    "alwaysRender": "it renders no YAML",
}
NO_CLIENT_SIDE = "it always applies on the server's side"


@dataclass(frozen=True)
class Settings:
    """What a provider resource was configured with."""

    kubeconfig: str = ""
    context: str = ""
    cluster: str = ""
    namespace: str = ""
    delete_unreachable: bool = False
    skip_update_unreachable: bool = False
    patch_force: bool = False
    upsert: bool = False
    config_map_mutable: bool = False
    secret_mutable: bool = False
    suppress_deprecations: bool = False

    @staticmethod
    def read(variables: Mapping[str, str], env: Mapping[str, str] = os.environ) -> Settings:
        """Read the settings; one given to the provider wins over the environment."""

        def flag(name: str, variable: str) -> bool:
            given = variables.get(name, env.get(variable, ""))
            return given == "true"

        return Settings(
            kubeconfig=variables.get("kubeconfig", ""),
            context=variables.get("context", ""),
            cluster=variables.get("cluster", ""),
            namespace=variables.get("namespace", ""),
            delete_unreachable=flag("deleteUnreachable", "PULUMI_K8S_DELETE_UNREACHABLE"),
            skip_update_unreachable=flag("skipUpdateUnreachable", "PULUMI_K8S_SKIP_UPDATE_UNREACHABLE"),
            patch_force=flag("enablePatchForce", "PULUMI_K8S_ENABLE_PATCH_FORCE"),
            upsert=flag("upsertExistingObjects", "PULUMI_K8S_UPSERT_EXISTING_OBJECTS"),
            config_map_mutable=flag("enableConfigMapMutable", "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE"),
            secret_mutable=flag("enableSecretMutable", "PULUMI_K8S_ENABLE_SECRET_MUTABLE"),
            suppress_deprecations=flag(
                "suppressDeprecationWarnings", "PULUMI_K8S_SUPPRESS_DEPRECATION_WARNINGS"
            ),
        )


def refusals(given: Mapping[str, object]) -> list[tuple[str, str]]:
    """Name the settings that the embedded provider cannot honour, with the reason."""
    found = [
        (name, f"the embedded provider cannot honour {name}: {why}")
        for name, why in REFUSED.items()
        if given.get(name) not in (None, "", False, "false")
    ]
    if str(given.get("enableServerSideApply", "true")).lower() == "false":
        found.append(
            (
                "enableServerSideApply",
                f"the embedded provider cannot honour enableServerSideApply=false: {NO_CLIENT_SIDE}",
            )
        )
    return found
