"""From nothing to a running JupyterHub: what `make up` does, in order."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from embedded import charts, images, node, plugins, report, toolchain
from embedded.console import elapsed, say
from embedded.engine.engine import STACK, Engine
from embedded.engine.repair import repair
from embedded.engine.shell import Shell, environment, write_shell
from embedded.images import Image
from embedded.node import pki
from embedded.overlay import overlay, read
from embedded.paths import CHECKOUT, Paths, make_writable
from embedded.target import Target, image_changes, named, own_node
from embedded.toolchain import Tools, debian, versions

ENGINE_TOOLS = ("pulumi", "pulumi-language-python", "helm", "kubectl")
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
NODE_TOOLS = ("kubelet", "kube-proxy", "coredns", "traefik", "local-path-provisioner")


@dataclass(frozen=True)
class Parts:
    """What a deployment needs: a cluster, tools, images."""

    target: Target
    tools: Tools
    images: Mapping[str, Image]


def up(paths: Paths, env: Mapping[str, str]) -> None:
    """Bring JupyterHub up and say how to use it."""
    started = time.monotonic()
    make_writable(paths.cache, "EMBEDDED_CACHE")
    make_writable(paths.state, "EMBEDDED_STATE")
    context = env.get("KUBECONTEXT")
    parts = _named_cluster(paths, env, context) if context else _own_node(paths, env)
    engine = _engine(paths, parts)
    engine.prepare()
    _configure(paths, env, parts, engine)
    repair(engine, parts.tools.path("helm"), parts.tools.path("kubectl"))
    say(f"\n[bold]pulumi up --stack {STACK}[/]")
    if engine.run("up", "--yes"):
        report.fail(paths, parts.target)
    report.ready(engine, parts.target, elapsed(time.monotonic() - started))


def _named_cluster(paths: Paths, env: Mapping[str, str], context: str) -> Parts:
    tools = toolchain.ensure(ENGINE_TOOLS, paths)
    return Parts(named(paths, context, env, tools.path("kubectl")), tools, {})


def _own_node(paths: Paths, env: Mapping[str, str]) -> Parts:
    """Get the parts of a node of this machine, and start it; a control plane alone where no pod can run."""
    verdict = node.can_run_pods()
    wanted = [*ENGINE_TOOLS, *CONTROL_PLANE, *(NODE_TOOLS if verdict.ok else ())]
    if not verdict.ok:
        say(f"[yellow]No pod will run here:[/] {verdict.why}")
    tools, built = _tools_and_images(paths, wanted, pods=verdict.ok)
    options = node.Options(
        https_port=int(env.get("HTTPS_PORT", "8443")),
        api_port=int(env.get("API_PORT", "6443")),
        gpus=int(env.get("GPUS", "2")),
        pods=verdict.ok,
    )
    node.start(paths, tools, built, options)
    return Parts(own_node(paths, options, verdict.why), tools, built)


def _tools_and_images(paths: Paths, wanted: list[str], *, pods: bool) -> tuple[Tools, Mapping[str, Image]]:
    """Get both at once: images mostly wait for the network and the disk while Go compiles."""
    if not pods:
        return toolchain.ensure(wanted, paths), {}
    debian.ensure(versions.load().debian["node"], "to run pods")
    with ThreadPoolExecutor(2) as pool:
        made = pool.submit(images.ensure, paths)
        tools = toolchain.ensure(wanted, paths)
        return tools, made.result()


def _engine(paths: Paths, parts: Parts) -> Engine:
    shell = Shell(
        home=parts.target.home,
        pulumi_home=paths.pulumi_home,
        kubeconfig=parts.target.kubeconfig,
        tools={name: parts.tools.path(name) for name in ENGINE_TOOLS},
    )
    write_shell(shell)
    report.remember(paths, shell)
    plugins.provide(paths, parts.target, parts.tools)
    return Engine(parts.tools.path("pulumi"), CHECKOUT, shell.config_file, environment(shell))


def _configure(paths: Paths, env: Mapping[str, str], parts: Parts, engine: Engine) -> None:
    """Write the generated configuration: the committed one, made to fit what is here."""
    given = Path(env["CHART"]) if env.get("CHART") else None
    chart = charts.ensure(CHECKOUT, parts.tools.path("helm"), given)
    committed = read(CHECKOUT / f"Pulumi.{STACK}.yaml")
    changes = {
        "cluster.context": parts.target.context,
        "chart.path": str(chart.path),
        "chart.version": chart.version,
        "hub.awaitReady": parts.target.pods,
        **image_changes(parts.target, parts.images, env),
        **parts.target.changes,
    }
    host = committed["config"]["jupyterhub:settings"]["ingress"]["host"]
    pair = pki.ingress_certificate(paths.pki, host)
    secrets = {
        "jupyterhub:tlsCert": pair.certificate.read_text(),
        "jupyterhub:tlsKey": pair.key.read_text(),
    }
    engine.configure(overlay(committed, changes), secrets)
