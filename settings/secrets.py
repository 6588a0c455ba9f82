"""Where secrets come from, and which generation of those that machines make."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import DnsLabel, Url
from settings.section import Section


class Generations(Section):
    """Counts of generated secrets: a higher number makes a new one."""

    proxy_token: int = Field(default=1, ge=1)
    """The token between hub and proxy; a new one restarts both."""
    cookie_secret: int = Field(default=1, ge=1)
    """Signs cookies: a new one signs everybody out."""
    crypt_keys: tuple[int, ...] = Field(default=(1,), min_length=1)
    """Newest first: the first key encrypts, all of them decrypt."""
    service_tokens: int = Field(default=1, ge=1)
    """Tokens of services, such as Prometheus."""
    passwords: int = Field(default=1, ge=1)
    """Generated passwords."""


class Vault(Section):
    """A HashiCorp Vault, read by External Secrets."""

    kind: Literal["vault"]
    server: Url
    """Address of Vault."""
    path: str = Field(min_length=1, max_length=200)
    """The mount of the key-value engine, version 2."""
    role: str = Field(min_length=1, max_length=100)
    """Vault's role for the namespace's service account."""


class AzureKeyVault(Section):
    """An Azure Key Vault, read by External Secrets."""

    kind: Literal["azureKeyVault"]
    server: Url
    """Address of the vault."""
    tenant_id: str = Field(min_length=1, max_length=64)
    """Directory (tenant) id of the vault."""


class SharedStore(Section):
    """A SecretStore or ClusterSecretStore that is there already."""

    kind: Literal["existing"]
    name: DnsLabel
    """Name of the store."""
    cluster_wide: bool = True
    """Whether it is a ClusterSecretStore."""


Store = Annotated[Vault | AzureKeyVault | SharedStore, Field(discriminator="kind")]


class Kept(Section):
    """What every source has."""

    generations: Generations = Generations()
    name: DnsLabel | None = None
    """Name of the hub's Secret, where it must have a certain one; else a new one for every content."""


class Generated(Kept):
    """Nobody brings a secret: what people need to know is generated, and shown by `pulumi stack output`."""

    source: Literal["generated"]


class FromConfig(Kept):
    """Flat encrypted keys of Pulumi's config."""

    source: Literal["config"]


class FromCluster(Kept):
    """Kubernetes Secrets that somebody else puts into the namespace."""

    source: Literal["cluster"]


class FromStore(Kept):
    """External Secrets brings them from a store."""

    source: Literal["externalSecrets"]
    store: Store
    refresh: Annotated[str, Field(pattern=r"^[1-9][0-9]*[smh]$")] = "1h"
    """How often External Secrets looks for changes."""
    generation: int = Field(default=1, ge=1)
    """A higher number rolls the hub, which reads its secrets at start only."""


Secrets = Annotated[Generated | FromConfig | FromCluster | FromStore, Field(discriminator="source")]
