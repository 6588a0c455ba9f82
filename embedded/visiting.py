"""How a command on this machine finds a stack of the node under the stack's own names, and trusts it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from embedded import stacks, world
from embedded.engine.shell import Shell
from embedded.node import company, files, ownership, pki
from embedded.node.layout import layout
from embedded.paths import Paths
from embedded.report import doors
from embedded.target import engine_home
from embedded.world import plan

# A machine may itself be one of a cloud: pods of the node reach what it reaches, where no policy holds them.
_NOT_TO = "169.254.0.0/16"
# Where the node's own authorities lie together: of its ingress, and of the pretended company.
_BUNDLE = "visitors-ca.crt"


def variables(paths: Paths, shell: Shell) -> Mapping[str, str]:
    """Give what `ops smoke` reads beside the kubeconfig; of a named cluster only where the files are."""
    found = {"HUB_STACK_FILES": str(shell.home)}
    owner = ownership.read(layout(paths))
    if shell.home != engine_home(paths) or owner is None:
        return found
    url = urlsplit(plan.public_url(stacks.settings_of(stacks.read(shell.config_file))))
    places = doors(url.geturl(), owner.options.https_port, world.known(paths, shell.stack))
    host, port = str(url.hostname), url.port or 443
    pairs = (
        f"{name}:{port if name.endswith(host) else 443}:127.0.0.1:{local}"
        for name, local in sorted(places.items())
    )
    visited = {"HUB_CONNECT_TO": ",".join(pairs), "HUB_CA_FILE": _trusted(paths), "HUB_NOT_TO": _NOT_TO}
    return {**found, **visited}


def _trusted(paths: Paths) -> str:
    authorities = (pki.ingress_authority(paths.pki), company.root(paths.pki))
    bundle = paths.pki / _BUNDLE
    files.write(bundle, b"".join(one.certificate.read_bytes() for one in authorities))
    return str(bundle)
