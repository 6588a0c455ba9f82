"""`hub.config` of the values, read as the hub will read it: which classes it has, and what they are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chart.catalogue import Catalogue
from chart.merge import Values

Section = Mapping[str, Any]
# What the chart gives where the values say nothing: its default lets anyone in under any name.
CHART = {
    "authenticator_class": "dummy",
    "proxy_class": "configurable-http-proxy",
    "spawner_class": "kubespawner.KubeSpawner",
}
# Classes of ours in files/hub, and what each adds to: it reads that class's settings.
OURS = {
    "sign_in_entra.Entra": "AzureAdOAuthenticator",
    "sign_in_github.GitHub": "GitHubOAuthenticator",
    "sign_in_cloudflare.Cloudflare": "GenericOAuthenticator",
}
ROOTS = {"Authenticator": "authenticator_class", "Proxy": "proxy_class", "Spawner": "spawner_class"}


def mapping(value: object) -> Section:
    """Give a mapping, or an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


@dataclass(frozen=True)
class HubConfig:
    """The sections of `hub.config`, beside the catalogue of the hub that reads them."""

    sections: Section
    catalogue: Catalogue

    @classmethod
    def of(cls, values: Values, catalogue: Catalogue) -> HubConfig:
        """Take the sections from the values."""
        return cls(mapping(mapping(values.get("hub")).get("config")), catalogue)

    def asked(self, setting: str) -> object:
        """Give the class that a setting asks for, as it is written."""
        return mapping(self.sections.get("JupyterHub")).get(setting, CHART[setting])

    def chosen(self, setting: str) -> str | None:
        """Give the class that a setting asks for; None when the hub has no such class."""
        asked = self.asked(setting)
        if not isinstance(asked, str):
            return None
        return self.catalogue.names[setting].get(asked.lower()) or self._by_path(asked)

    def _by_path(self, path: str) -> str | None:
        if path in OURS:
            return OURS[path]
        package, _, rest = path.partition(".")
        name = rest.rpartition(".")[2]
        found = self.catalogue.classes.get(name)
        return name if found and found.module.split(".")[0] == package else None

    def reader(self, section: str) -> str:
        """Give the class that reads a section: the chosen one, when the section is it or a base of it."""
        chosen = ["JupyterHub", *filter(None, map(self.chosen, CHART))]
        return next((name for name in chosen if section in self.catalogue.lineage(name)), section)

    def rival(self, section: str) -> str | None:
        """Give the class that the hub has chosen instead of this section's; None when it reads it."""
        lineage = self.catalogue.lineage(section)
        setting = next((ROOTS[root] for root in ROOTS if root in lineage), None)
        chosen = self.chosen(setting) if setting else None
        return chosen if chosen and section not in self.catalogue.lineage(chosen) else None

    def given(self, owner: str, name: str) -> tuple[str, Any] | None:
        """Find what a class is given for one of its settings, and in which section."""
        for section in self.catalogue.lineage(owner):
            for key, value in mapping(self.sections.get(section)).items():
                if key == name or self._stands_for(owner, key, name):
                    return f"{section}.{key}", value
        return None

    def _stands_for(self, owner: str, key: str, name: str) -> bool:
        notice = self.catalogue.notice(owner, key)
        return bool(notice and notice.use == name)

    def effective(self, owner: str, name: str) -> Any:  # noqa: ANN401 -- plain data
        """Give the value that a setting of a class will have."""
        given = self.given(owner, name)
        return given[1] if given else self.catalogue.default(owner, name)

    def where(self, owner: str, name: str) -> str:
        """Give the path of a setting in the values: as it is given, or as it would be."""
        given = self.given(owner, name)
        return f"values.hub.config.{given[0] if given else f'{owner}.{name}'}"
