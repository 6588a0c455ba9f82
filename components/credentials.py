"""The secrets of a hub: generated where only machines know them, and joined in one Secret for the hub.

Each generated secret carries its generation in its name (`crypt-2`): a higher number in the settings
makes a new one, and the old one goes when no setting names it any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random

from settings.cluster import Protection
from settings.secrets import Generations

_KEY_BYTES = 32
_USER_PASSWORD_LENGTH = 16
_ADMIN_PASSWORD_LENGTH = 40


def token_key(service: str) -> str:
    """Name the key of the hub's Secret that holds a service's token, as the chart reads it."""
    return f"hub.services.{service}.apiToken"


@dataclass(frozen=True, kw_only=True)
class CredentialsArgs:
    """Which secrets, of which generation; a shared password that is None is generated."""

    namespace: pulumi.Input[str]
    generations: Generations
    protection: Protection
    authenticator: str
    """The class by whose settings people sign in; it gets its secrets here."""
    by_password: bool
    with_administrators: bool
    services: tuple[str, ...]
    shared_password: pulumi.Output[str] | None = None
    admin_password: pulumi.Output[str] | None = None
    client_secret: pulumi.Output[str] | None = None
    """Of the application at the identity provider; None where another Secret has it, or nobody needs it."""
    database_password: pulumi.Output[str] | None = None
    fixed_name: str | None = None
    """Of the hub's Secret, where it must have a certain one."""


class Credentials(pulumi.ComponentResource):
    """Outputs: secret_name (for hub.existingSecret), digest, proxy_token, shared_password, admin_password."""

    secret_name: pulumi.Output[str]
    digest: pulumi.Output[str] | None
    """Of the content, for an annotation that rolls the hub: only where the name is fixed and does not."""
    proxy_token: pulumi.Output[str]
    shared_password: pulumi.Output[str] | None
    admin_password: pulumi.Output[str] | None

    def __init__(self, name: str, args: CredentialsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("jupyterhub:components:Credentials", name, None, opts)
        self._guarded = pulumi.ResourceOptions(parent=self, protect=args.protection.protect)
        generations = args.generations
        self.proxy_token = self._key("proxy-token", generations.proxy_token)
        self.shared_password = self.admin_password = None
        if args.by_password:
            self.shared_password = args.shared_password or self._password(
                "shared-password", generations.passwords, _USER_PASSWORD_LENGTH
            )
        if args.by_password and args.with_administrators:
            self.admin_password = args.admin_password or self._password(
                "admin-password", generations.passwords, _ADMIN_PASSWORD_LENGTH
            )
        content = self._content(args)
        self.digest = _digest(content) if args.fixed_name else None
        self.secret_name = self._secret(args, content)
        self.register_outputs({"secretName": self.secret_name})

    def _secret(self, args: CredentialsArgs, content: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
        """Make the Secret under a name of its own for every content, unless a certain name is asked for.

        The hub reads its secrets at start only, and the chart does not watch this Secret: a new name in
        `hub.existingSecret` is what rolls the hub, and immutable is what forces the new name.
        """
        secret = k8s.core.v1.Secret(
            "hub-credentials",
            metadata=k8s.meta.v1.ObjectMetaArgs(namespace=args.namespace, name=args.fixed_name),
            immutable=None if args.fixed_name else True,
            string_data=content,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.from_input(secret.metadata["name"])

    def _content(self, args: CredentialsArgs) -> Mapping[str, pulumi.Output[str]]:
        """Name the keys as the chart reads them from hub.existingSecret."""
        generations = args.generations
        crypt = [self._key("crypt", generation) for generation in generations.crypt_keys]
        content = {
            "hub.config.JupyterHub.cookie_secret": self._key("cookie-secret", generations.cookie_secret),
            "hub.config.CryptKeeper.keys": pulumi.Output.all(*crypt).apply(";".join),
            **{
                token_key(service): self._key(f"token-{service}", generations.service_tokens)
                for service in args.services
            },
        }
        if sign_in := self._sign_in(args):
            # The chart lays this over its values, in the hub alone: so no password is among Helm's values.
            config = {"hub": {"config": {args.authenticator: sign_in}}}
            content["values.yaml"] = pulumi.Output.json_dumps(config)
        if args.database_password is not None:
            # The chart gives it to libpq in a variable: it is no part of the database's address.
            content["hub.db.password"] = args.database_password
        return content

    def _sign_in(self, args: CredentialsArgs) -> Mapping[str, pulumi.Output[str]]:
        """Give the authenticator's secrets, by the names of its settings."""
        secrets = {
            "user_password": self.shared_password,
            "admin_password": self.admin_password,
            "client_secret": args.client_secret,
        }
        return {name: secret for name, secret in secrets.items() if secret is not None}

    def _key(self, role: str, generation: int) -> pulumi.Output[str]:
        """Make 32 random bytes, in hex."""
        # Not by RandomBytes: its id is its value in base64, and ids lie in the state in plain text.
        digits = {"lower": False, "upper": False, "special": True, "override_special": "abcdef"}
        return self._random(f"{role}-{generation}", 2 * _KEY_BYTES, digits)

    def _password(self, role: str, generation: int, length: int) -> pulumi.Output[str]:
        # Letters and digits: people type it, and it stands in shells.
        return self._random(f"{role}-{generation}", length, {"special": False})

    def _random(self, name: str, length: int, form: Mapping[str, Any]) -> pulumi.Output[str]:
        made = pulumi_random.RandomPassword(name, length=length, **form, opts=self._guarded)
        return pulumi.Output.secret(made.result)


def _digest(content: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[str]:
    """Tell one content from another.

    More people read the pod that it stands in than the Secret, and it gives nothing away: the cookie
    secret's 256 random bits are hashed along, so that nobody can try passwords against it. Pulumi keeps it
    a secret all the same, like everything made from secrets: nothing unmarks it.
    """
    text = pulumi.Output.json_dumps(dict(content), sort_keys=True)
    return text.apply(lambda whole: hashlib.sha256(whole.encode()).hexdigest())
