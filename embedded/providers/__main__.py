"""`python -m embedded.providers kubernetes|random --ca F --helm F [the engine's own arguments]`."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from embedded.providers import VERSIONS

if TYPE_CHECKING:
    from embedded.providers.server import Plugin

USAGE = "python -m embedded.providers kubernetes|random --ca FILE --helm FILE [ENGINE-ADDRESS]"


@dataclass(frozen=True)
class Arguments:
    """What the process is started with."""

    kind: str
    ca: Path
    helm: Path
    engine: str


def parse(argv: Sequence[str]) -> Arguments:
    """Read the arguments; flags of the engine that say nothing to us (-v, --logtostderr) are passed over."""
    own: dict[str, str] = {}
    loose: list[str] = []
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word in {"--ca", "--helm"} and rest:
            own[word] = rest.pop(0)
        elif not word.startswith("-"):
            loose.append(word)
    if not loose or loose[0] not in VERSIONS or {"--ca", "--helm"} - own.keys():
        sys.exit(f"usage: {USAGE}")
    engine = loose[-1] if len(loose) > 1 else ""
    return Arguments(kind=loose[0], ca=Path(own["--ca"]), helm=Path(own["--helm"]), engine=engine)


def spare_the_sdk() -> None:
    """Make `pulumi.runtime.proto` importable without the SDK around it.

    Importing the package `pulumi` takes most of a second, which every pulumi command would pay for each
    provider; its generated protocol modules alone take a tenth of that.
    """
    spec = importlib.util.find_spec("pulumi")
    if spec is None or not spec.submodule_search_locations or "pulumi" in sys.modules:
        return
    root = Path(spec.submodule_search_locations[0])
    for name, place in {"pulumi": root, "pulumi.runtime": root / "runtime"}.items():
        module = ModuleType(name)
        module.__path__ = [str(place)]
        sys.modules[name] = module
    proto = ModuleType("pulumi.runtime.proto")
    proto.__path__ = [str(root / "runtime" / "proto")]
    sys.modules["pulumi.runtime.proto"] = proto


def plugin(arguments: Arguments) -> Plugin:
    """Make the plugin that was asked for; the other one's modules are not even read."""
    from embedded.providers.host import Host

    if arguments.kind == "random":
        from embedded.providers.random.plugin import RandomPlugin

        return RandomPlugin()
    from embedded.providers.kube.plugin import KubernetesPlugin

    return KubernetesPlugin(Host(arguments.engine), arguments.ca, arguments.helm)


def main() -> None:
    """Serve one provider to the engine that started this process."""
    arguments = parse(sys.argv[1:])
    spare_the_sdk()
    from embedded.providers.serve import run

    run(plugin(arguments))


if __name__ == "__main__":
    main()
