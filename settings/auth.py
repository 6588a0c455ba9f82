"""Who may sign in. That everyone may cannot be written down for a host that everyone reaches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import Day, DnsLabel, GroupName, UserName, Uuid
from settings.network import Reach
from settings.section import Section


class SharedPassword(Section):
    """One password for all testers: no protection of users from each other, so for a try only."""

    provider: Literal["sharedPassword"]
    any_name: bool = False
    """Whoever knows the password signs in under any name."""
    users: tuple[UserName, ...] = ()
    """Whoever knows the password signs in under one of these names."""
    administrators: tuple[UserName, ...] = ()
    """These sign in with a second, long password of their own, and never with the shared one."""
    expires: Day | None = None
    """From this day on nothing is deployed any more with the shared password."""


class Identities(Section):
    """What every identity provider has: an application registered there, and a way to it."""

    client_id: str = Field(min_length=1, max_length=200)
    """The application's public name at the provider; its secret is the flat key `oauthClientSecret`."""
    client_secret_name: DnsLabel = "oauth-client"  # noqa: S105 -- the name of an object, no secret
    """Secret with the key `clientSecret`, where it does not come from Pulumi's config."""
    reach: Reach
    """How the hub's packets find the provider."""


class Entra(Identities):
    """Microsoft Entra ID. Groups are known by object id: names are not unique, and not in the token."""

    provider: Literal["entra"]
    tenant_id: Uuid
    """The directory (tenant) id: sign-in is by this tenant alone."""
    client_id: Uuid
    """The application (client) id of the app registration."""
    groups: dict[GroupName, Uuid] = Field(min_length=1)
    """The groups that these settings speak of: a name of ours, and the object id in Entra ID."""
    allowed: tuple[GroupName, ...] = Field(min_length=1)
    """Members of these groups may sign in."""
    administrators: tuple[GroupName, ...] = ()
    """Members of these groups administer the hub. The hub lets administrators in whether `allowed` names them
    or not, so name them there too: `allowed` then tells who gets in."""
    username_claim: Literal["preferred_username", "oid"] = "preferred_username"
    """Chosen once: homes are named by it. The display name is no choice: two people may share it."""
    mfa: Literal["tenant", "none"] = "tenant"
    """`tenant`: the tenant's Conditional Access asks for a second factor; the hub cannot ask by itself."""


class GitHub(Identities):
    """GitHub, for the members of named organisations and teams."""

    provider: Literal["github"]
    organizations: tuple[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}(:[a-z0-9][a-z0-9_-]{0,98})?$")], ...
    ] = Field(min_length=1)
    """`organisation` or `organisation:team`: members may sign in, nobody else."""
    administrators: tuple[UserName, ...] = ()
    """GitHub names of administrators; they must be members as well."""


class Cloudflare(Identities):
    """Cloudflare Access as an OpenID Connect provider (an Access application of the type SaaS)."""

    provider: Literal["cloudflare"]
    team: DnsLabel
    """The team's name: the first part of its host under cloudflareaccess.com."""
    groups: dict[GroupName, Annotated[str, Field(min_length=1, max_length=200)]] = Field(min_length=1)
    """The groups that these settings speak of: a name of ours, and the name in the `groups` claim."""
    allowed: tuple[GroupName, ...] = Field(min_length=1)
    """Members of these groups may sign in."""
    administrators: tuple[GroupName, ...] = ()
    """Members of these groups administer the hub. The hub lets administrators in whether `allowed` names them
    or not, so name them there too: `allowed` then tells who gets in."""
    username_claim: Literal["email", "sub"] = "email"
    """Chosen once: homes are named by it."""


Auth = Annotated[SharedPassword | Entra | GitHub | Cloudflare, Field(discriminator="provider")]
Grouped = Entra | Cloudflare
"""Providers whose groups the hub knows."""
