"""Where secrets come from, and which generation of those that machines make."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import DnsLabel, Url, Uuid
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
    """Vault's role for the service account."""
    mount: str = Field(default="kubernetes", min_length=1, max_length=200)
    """Where Vault's Kubernetes sign-in for this cluster is mounted."""
    audience: str | None = Field(default=None, min_length=1, max_length=200)
    """For whom the service account's token is made out, where the role asks for it."""
    service_account: DnsLabel = "secret-store"
    """As whom External Secrets signs in: an account that is made for it, and that no pod runs as."""


class AzureKeyVault(Section):
    """An Azure Key Vault, read by External Secrets."""

    kind: Literal["azureKeyVault"]
    server: Url
    """Address of the vault."""
    tenant_id: Uuid
    """Directory (tenant) id of the vault."""
    client_id: Uuid
    """Client id of the identity that reads the vault; it must trust the service account (federation)."""
    service_account: DnsLabel = "secret-store"
    """As whom External Secrets signs in: an account that is made for it, and that no pod runs as."""


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


class FromOutside(Kept):
    """What the sources have whose changes this program does not see."""

    generation: int = Field(default=1, ge=1)
    """A higher number rolls the hub, which reads its secrets at start only."""


class FromCluster(FromOutside):
    """Kubernetes Secrets that somebody else puts into the namespace."""

    source: Literal["cluster"]


class FromStore(FromOutside):
    """External Secrets brings them from a store."""

    source: Literal["externalSecrets"]
    store: Store
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9._/-]{0,120}$")
    """What stands before a Secret's name in the name of its entry, with what divides them: `jupyterhub/`."""
    elsewhere: tuple[DnsLabel, ...] = ()
    """Secrets that settings name and that somebody else keeps: none of them is brought from the store."""
    refresh: Annotated[str, Field(pattern=r"^[1-9][0-9]*[smh]$")] = "1h"
    """How often External Secrets looks for changes."""


Secrets = Annotated[Generated | FromConfig | FromCluster | FromStore, Field(discriminator="source")]
