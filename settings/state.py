"""Where Pulumi keeps what it knows of a stack: organisations share this program, and never their state."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from settings.names import Form
from settings.section import Section

_PARAMETERS = r"(?:\?[A-Za-z0-9._~:/&=+-]*)?"
_PATH = r"(?:/[A-Za-z0-9._~/+-]*)?"

Backend = Annotated[
    str,
    Form(
        "an address of s3://, gs://, azblob://, https:// or file://, and no user or password in it",
        rf"(?:s3|gs|azblob|https)://[a-z0-9][a-z0-9.-]*(?::\d{{1,5}})?{_PATH}{_PARAMETERS}"
        r"|file://[~.]?(?:/[A-Za-z0-9._/-]*)?",
        "s3://pulumi-state?endpoint=s3.example.internal&s3ForcePathStyle=true",
        512,
        repeated=False,
    ),
]
SecretsProvider = Annotated[
    str,
    Form(
        "`passphrase`, `default`, or a key at awskms://, azurekeyvault://, gcpkms:// or hashivault://",
        rf"passphrase|default|(?:awskms|azurekeyvault|gcpkms|hashivault)://[A-Za-z0-9./:_-]+{_PARAMETERS}",
        "hashivault://jupyterhub",
        512,
        repeated=False,
    ),
]


class State(Section):
    """Where the stack's state lies, what encrypts it, who answers for both: `ops env` prints it."""

    backend: Backend
    """What `pulumi login` takes. Rights to it come from the shell or the pipeline, never from here."""
    secrets_provider: SecretsProvider
    """What encrypts secrets in state and stack file. `default`: the backend itself, at https:// alone."""
    owner: str = Field(min_length=1, max_length=120)
    """The team that gives access to both."""

    @property
    def in_a_folder(self) -> bool:
        """Whether state lies on the disk of whoever deploys."""
        return self.backend.startswith("file://")
