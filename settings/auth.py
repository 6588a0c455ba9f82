"""By which way people sign in, and which groups they are in. What a group may: capabilities.py."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from settings.names import Day, DnsLabel, Form, GroupName, GroupOrRole, UserName, Uuid
from settings.network import Reach
from settings.section import Section

Contact = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^<>\x00-\x1f]+$")]
Place = Annotated[
    str,
    Form(
        "an organisation of GitHub, or organisation:team",
        r"[A-Za-z0-9][A-Za-z0-9-]{0,38}(?::[a-z0-9][a-z0-9_-]{0,98})?",
        "example:data-science",
        140,
    ),
]
CLOUDS = {
    "global": ("login.microsoftonline.com", "graph.microsoft.com"),
    "usGovernment": ("login.microsoftonline.us", "graph.microsoft.us"),
    "china": ("login.partner.microsoftonline.cn", "microsoftgraph.chinacloudapi.cn"),
}
"""Of each of Microsoft's clouds: where people sign in, and where Graph is."""


class SignIn(Section):
    """What every way to sign in has."""

    contact: Contact | None = None
    """Whom somebody asks who is refused: an address or a few words, shown with the reason."""
    admin_access: bool = False
    """Administrators of the hub open everybody's servers and files, and act as everybody. Without it they see
    who is there, start and stop servers and remove accounts; for an emergency there is `ops break-glass`."""


class SharedPassword(SignIn):
    """One password for all testers: no protection of users from each other, so for a try only."""

    provider: Literal["sharedPassword"]
    any_name: bool = False
    """Whoever knows the password signs in under any name."""
    users: tuple[UserName, ...] = ()
    """Whoever knows the password signs in under one of these names."""
    administrators: tuple[UserName, ...] = ()
    """These sign in with a second, long password of their own, and never with the shared one."""
    groups: dict[GroupName, tuple[UserName, ...]] = Field(default_factory=dict)
    """Groups of `users` and `administrators`, so that a try shows `capabilities`. They keep nobody from
    anything: one password opens every name."""
    expires: Day | None = None
    """From this day on nobody signs in with it any more, and nothing is deployed with it."""


class Identities(SignIn):
    """What every identity provider has: an application registered there, and a way to it."""

    client_id: str = Field(min_length=1, max_length=200)
    """The application's public name at the provider; its secret is the flat key `oauthClientSecret`."""
    client_secret_name: DnsLabel = "oauth-client"  # noqa: S105 -- the name of an object, no secret
    """Secret with the key `clientSecret`, where it does not come from Pulumi's config."""
    client_secret_expires: Day | None = None
    """The day on which the client secret ends, as the provider's page says. From then on nobody signs in."""
    leaving: Literal["keepServers", "stopServers"] = "keepServers"
    """What becomes of the running servers of somebody who has left; within 15 minutes they can start none,
    and administer nothing, either way. `keepServers` lets a computation end, which its user cannot reach."""
    reach: Reach
    """How the hub's packets find the provider."""


class Entra(Identities):
    """Microsoft Entra ID. Groups are known by object id: names are not unique, and not in the token."""

    provider: Literal["entra"]
    tenant_id: Uuid
    """The directory (tenant) id: sign-in is by this tenant alone."""
    client_id: Uuid
    """The application (client) id of the app registration."""
    cloud: Literal["global", "usGovernment", "china"] = "global"
    """Which of Microsoft's clouds the tenant is in."""
    access: Literal["groups", "roles"] = "groups"
    """Whether `groups` are security groups or app roles of the application. Roles are never too many for a
    token, and an owner of the application gives them."""
    groups: dict[GroupName, GroupOrRole] = Field(min_length=1)
    """The groups that these settings speak of: a name of ours, and the object id in Entra ID; with
    `access: roles` the role's value."""
    username_claim: Literal["oid", "preferred_username", "upn"] = "oid"
    """Chosen once: homes are named by it. The object id never changes; the two others are names, which do.
    The display name is no choice: two people may share it."""
    mfa: Literal["tenant", "required", "none"] = "tenant"
    """`tenant`: the tenant's Conditional Access asks for a second factor, and the hub takes its word.
    `required`: the hub refuses a token that does not show one, too."""
    authentication_context: Annotated[str, Field(pattern=r"^c[1-9][0-9]?$")] | None = None
    """With `mfa: required`: the authentication context (c1 to c99) for which Conditional Access asks for a
    second factor. The hub asks for it, and the token shows it as `acrs`."""

    @property
    def login_host(self) -> str:
        """Give the host where people of this cloud sign in."""
        return CLOUDS[self.cloud][0]

    @property
    def graph_host(self) -> str:
        """Give the host of this cloud's Graph."""
        return CLOUDS[self.cloud][1]


class GitHub(Identities):
    """GitHub, for the members of named organisations and teams."""

    provider: Literal["github"]
    groups: dict[GroupName, Place] = Field(min_length=1)
    """The groups that these settings speak of: a name of ours, and at GitHub `organisation` or
    `organisation:team`, the team as its address has it."""


class Cloudflare(Identities):
    """Cloudflare Access as an OpenID Connect provider (an Access application of the type SaaS)."""

    provider: Literal["cloudflare"]
    team: DnsLabel
    """The team's name: the first part of its host under cloudflareaccess.com."""
    groups: dict[GroupName, Annotated[str, Field(min_length=1, max_length=200)]] = Field(min_length=1)
    """The groups that these settings speak of: a name of ours, and the name in the `groups` claim."""
    username_claim: Literal["email", "sub"] = "email"
    """Chosen once: homes are named by it."""


Auth = Annotated[SharedPassword | Entra | GitHub | Cloudflare, Field(discriminator="provider")]
Grouped = Entra | GitHub | Cloudflare
"""Providers that tell the hub who is in which group."""
