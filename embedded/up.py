"""From nothing to a running JupyterHub: what `make up` does, in order."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from embedded import charts, fitting, images, node, plugins, report, stacks, toolchain, world
from embedded.console import elapsed, say
from embedded.engine.engine import Engine
from embedded.engine.repair import repair
from embedded.engine.shell import Shell, environment, write_shell
from embedded.fault import Fault
from embedded.images import Image
from embedded.node import pki
from embedded.overlay import overlay
from embedded.paths import CHECKOUT, Paths, make_writable
from embedded.stack_secrets import Maker
from embedded.target import Target, engine_home, named, own_node
from embedded.toolchain import Tools, debian, versions
from embedded.world import World

ENGINE_TOOLS = ("pulumi", "pulumi-language-python", "helm", "kubectl")
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE_TOOLS = ("kubelet", "kube-proxy", "coredns", "traefik", "local-path-provisioner")


@dataclass(frozen=True)
class Order:
    """What is to come up, and what the caller said about how."""

    paths: Paths
    env: Mapping[str, str]
    stack: str
    document: Mapping[str, Any]

    @property
    def settings(self) -> Mapping[str, Any]:
        """The stack's settings as committed."""
        return stacks.settings_of(self.document)


@dataclass(frozen=True)
class Parts:
    """What a deployment needs: a cluster, tools, images."""

    target: Target
    tools: Tools
    images: Mapping[str, Image]


def up(paths: Paths, env: Mapping[str, str]) -> None:
    """Bring the stack's JupyterHub up and say how to use it."""
    started = time.monotonic()
    stack = stacks.chosen(env)
    order = Order(paths, env, stack, stacks.committed(stack))
    make_writable(paths.cache, "EMBEDDED_CACHE")
    make_writable(paths.state, "EMBEDDED_STATE")
    context = env.get("KUBECONTEXT")
    if not context:
        stacks.refuse_neighbour_in_same_namespace(stack, order.document, engine_home(paths))
    parts = _named_cluster(order, context) if context else _own_node(order)
    around = _surroundings(order, parts)
    engine = _engine(order, parts)
    report.remember(paths, engine_shell(order, parts))
    engine.prepare()
    _configure(order, parts, around, engine)
    namespace = stacks.namespace_of(order.document)
    repair(engine, namespace, parts.tools.path("helm"), parts.tools.path("kubectl"))
    say(f"\n[bold]pulumi up --stack {stack}[/]")
    if engine.run("up", "--yes"):
        report.fail(paths, parts.target, stack, namespace)
    report.ready(paths, engine, parts.target, around, elapsed(time.monotonic() - started))


def _named_cluster(order: Order, context: str) -> Parts:
    if order.stack != stacks.LOCAL:
        raise Fault(
            f"KUBECONTEXT={context} is for the stack local; `{order.stack}` names its own cluster.",
            "Nothing was deployed.",
            f"pulumi up --stack {order.stack}   on that cluster, or leave KUBECONTEXT out for a node here.",
        )
    tools = toolchain.ensure(ENGINE_TOOLS, order.paths)
    return Parts(named(order.paths, context, order.env, tools.path("kubectl")), tools, {})


def _own_node(order: Order) -> Parts:
    """Get the parts of a node of this machine, and start it; a control plane alone where no pod can run."""
    paths, env = order.paths, order.env
    verdict = node.can_run_pods()
    wanted = [*ENGINE_TOOLS, *CONTROL_PLANE, *(NODE_TOOLS if verdict.ok else ())]
    if not verdict.ok:
        say(f"[yellow]No pod will run here:[/] {verdict.why}")
    tools, built = _tools_and_images(order, wanted, pods=verdict.ok)
    options = node.Options(
        https_port=int(env.get("HTTPS_PORT", "8443")),
        api_port=int(env.get("API_PORT", "6443")),
        gpus=int(env.get("GPUS", "2")),
        pods=verdict.ok,
    )
    node.start(paths, tools, built, options)
    return Parts(own_node(paths, options, verdict.why), tools, built)


def _tools_and_images(order: Order, wanted: list[str], *, pods: bool) -> tuple[Tools, Mapping[str, Image]]:
    """Get both at once: images mostly wait for the network and the disk while Go compiles."""
    if not pods:
        return toolchain.ensure(wanted, order.paths), {}
    debian.ensure(versions.load().debian["node"], "to run pods")
    extra = images.extras_for(order.settings)
    with ThreadPoolExecutor(2) as pool:
        made = pool.submit(images.ensure, order.paths, extra=extra)
        tools = toolchain.ensure(wanted, order.paths)
        return tools, made.result()


def _surroundings(order: Order, parts: Parts) -> World:
    """Make what stacks meet on this node: kinds of other projects, and where pods run, others to talk to."""
    if not parts.target.own:
        return World()
    return world.start(order.paths, order.stack, order.settings, parts.images)


def preview(paths: Paths, env: Mapping[str, str]) -> int:
    """Show what a first `up` of the stack would make on the node; nothing of it is made, or remembered."""
    with engine_for_preview(paths, env) as engine:
        return engine.run("preview")


@contextmanager
def engine_for_preview(paths: Paths, env: Mapping[str, str]) -> Iterator[Engine]:
    """Yield an engine for the stack with an empty state of its own, on the node of this machine."""
    stack = stacks.chosen(env)
    order = Order(paths, env, stack, stacks.committed(stack))
    parts = _own_node(order)
    with tempfile.TemporaryDirectory() as scratch:
        elsewhere = replace(parts, target=replace(parts.target, home=Path(scratch)))
        engine = _engine(order, elsewhere)
        engine.prepare()
        _configure(order, elsewhere, World(), engine)
        yield engine


def engine_shell(order: Order, parts: Parts) -> Shell:
    """Say where the engine of this stack keeps its state, and which tools it uses."""
    return Shell(
        stack=order.stack,
        home=parts.target.home,
        pulumi_home=order.paths.pulumi_home,
        kubeconfig=parts.target.kubeconfig,
        tools={name: parts.tools.path(name) for name in ENGINE_TOOLS},
    )


def _engine(order: Order, parts: Parts) -> Engine:
    shell = engine_shell(order, parts)
    write_shell(shell)
    plugins.provide(order.paths, parts.target, parts.tools)
    return Engine(order.stack, parts.tools.path("pulumi"), CHECKOUT, shell.config_file, environment(shell))


def _configure(order: Order, parts: Parts, around: World, engine: Engine) -> None:
    """Write the generated configuration: the committed one, made to fit what is here."""
    settings, target, pki_folder = order.settings, parts.target, order.paths.pki
    given = Path(order.env["CHART"]) if order.env.get("CHART") else None
    homes = {target.home, engine_home(order.paths)}
    in_use = frozenset().union(*(stacks.charts_in_use(home, but=order.stack) for home in homes))
    chart = charts.ensure(CHECKOUT, parts.tools.path("helm"), given, in_use)
    changes = {
        **fitting.changes(settings, target, chart),
        **fitting.image_changes(settings, target, parts.images, order.env),
        **fitting.trust(settings, target, pki.ingress_authority(pki_folder).certificate),
    }
    passphrase = (target.home / "passphrase").read_text()
    secrets = Maker(order.stack, settings, passphrase, pki_folder, around.secrets).all()
    engine.configure(overlay(order.document, changes), secrets)
