"""Rules about a stack's state: that it outlives a machine, is encrypted, and gives no credentials away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from settings.delivery import Delivery, GitHubActions, GitLab
from settings.door import Door
from settings.finding import Finding
from settings.state import State

_CREDENTIAL = re.compile(r"key|secret|token|password|credential|sig|sas", re.IGNORECASE)


def state_outlives_a_machine(state: State, delivery: Delivery, ingress: Door) -> Iterator[Finding]:
    """Refuse a folder where a pipeline deploys, and point at one where others are served."""
    if not state.in_a_folder:
        return
    if isinstance(delivery, GitHubActions | GitLab):
        yield Finding(
            path="settings.state.backend",
            rule="L2",
            what=f"a pipeline deploys ({delivery.tool}), and state lies in a folder.",
            follows="Each run starts without state, and fails with everything that is there already.",
            remedy="Keep the state in a bucket or at a service that every runner reaches.",
        )
    elif ingress.reach != "machine":
        yield Finding(
            path="settings.state.backend",
            rule="L2",
            what="state lies in a folder of whoever deploys, and the hub serves others.",
            follows="Nobody else can change the stack, and with the disk the state is lost.",
            remedy="Keep the state in a bucket or at a service; docs/adopting.md helps after a loss.",
            severity="warning",
        )


def somebody_encrypts(state: State) -> Iterator[Finding]:
    """Refuse `default` where the backend cannot encrypt."""
    if state.secrets_provider == "default" and not state.backend.startswith("https://"):
        yield Finding(
            path="settings.state.secretsProvider",
            rule="L3",
            what="`default` leaves it to the backend to encrypt, and this backend only stores.",
            follows="Pulumi asks for a passphrase instead, and nobody knows of one.",
            remedy="Name a key (hashivault://, awskms://, azurekeyvault://, gcpkms://), or passphrase.",
        )


def addresses_carry_no_credentials(state: State) -> Iterator[Finding]:
    """Refuse a key or token among the parameters of an address. None is repeated."""
    for field, address in (("backend", state.backend), ("secretsProvider", state.secrets_provider)):
        names = [name for name, _ in parse_qsl(urlsplit(address).query, keep_blank_values=True)]
        if found := [name for name in names if _CREDENTIAL.search(name)]:
            yield Finding(
                path=f"settings.state.{field}",
                rule="L4",
                what=f"the address has a parameter {', '.join(found)}.",
                follows="Whoever reads the stack file, or its history, may read and write the state.",
                remedy="Take it out, make a new one, and give it to shell and pipeline as a variable.",
            )


RULES = (state_outlives_a_machine, somebody_encrypts, addresses_carry_no_credentials)
