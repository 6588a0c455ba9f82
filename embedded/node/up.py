"""Bring the node up: what is missing is started, as parallel as it allows; the rest stays."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from embedded.console import Work, say
from embedded.fault import Fault
from embedded.node import (
    addons,
    cgroups,
    control,
    gpu,
    kubeconfig,
    network,
    objects,
    ownership,
    pki,
    pods,
    ports,
    readiness,
    runtime,
    workers,
)
from embedded.node.api import Api
from embedded.node.layout import (
    LONGEST_SOCKET,
    Images,
    Layout,
    Options,
    Tools,
    layout,
)
from embedded.node.parallel import together
from embedded.node.processes import Processes, Spec
from embedded.node.verdict import can_run_pods
from embedded.paths import Paths, make_writable


def start(paths: Paths, tools: Tools, images: Images, options: Options) -> None:
    """Start the node, or what of it is down."""
    make_writable(paths.state, "EMBEDDED_STATE")
    place = layout(paths)
    with ownership.alone(place):
        _Start(place, tools, images, options).run()


class _Start:
    """One start, with everything it needs at hand."""

    def __init__(self, place: Layout, tools: Tools, images: Images, options: Options) -> None:
        self.place = place
        self.tools = tools
        self.images = images
        self.options = options
        self.processes = Processes(place.records, place.paths.logs, str(place.state))
        self.specs: dict[str, Spec] = {}

    def run(self) -> None:
        self._refuse()
        self._prepare()
        for spec in self._all_specs():
            self.specs[spec.name] = spec
        began = time.time()
        with Work("Node", total=self._steps()) as work:
            self.work = work
            if self.options.pods:
                together(self._control_plane, self._runtime)
                self._workers(began)
            else:
                self._control_plane()
        self._still_alive()

    def _refuse(self) -> None:
        """Everything that speaks against a start, before anything is changed."""
        place, options = self.place, self.options
        if options.pods:
            verdict = can_run_pods()
            if not verdict.ok:
                raise Fault(f"No pod can run on this machine: {verdict.why}.")
        if len(str(place.etcd_peer_socket)) > LONGEST_SOCKET:
            raise Fault(
                f"The path {place.run} is too long for the sockets that lie in it.",
                "Nothing was started.",
                "Choose a shorter one: EMBEDDED_STATE=/some/dir make up",
            )
        ownership.refuse_other(place, self.processes)
        owner = ownership.read(place)
        if owner and owner.options.pods != options.pods and self.processes.alive():
            raise Fault(
                "The node that runs here is of the other kind (with pods, or the control plane alone).",
                "Nothing was changed.",
                "Stop it first: make down",
            )
        ports.check(ports.needs(options), lambda: [who.pid for who in self.processes.strays()])
        if not options.pods and not self.processes.running("kube-apiserver"):
            ports.check_redirected(options.api_port)

    def _prepare(self) -> None:
        """Files, addresses, groups: what is there already is left as it is."""
        place, options = self.place, self.options
        for folder in (place.run, place.records, place.etcd_data, place.config, place.volumes):
            folder.mkdir(parents=True, exist_ok=True)
            # Root's (or the one user's) alone: below lie keys, and volumes that any user may write to.
            folder.chmod(0o700)
        pki.ensure(place.paths.pki)
        kubeconfig.write(place, options)
        ownership.claim(place, options)
        if options.pods:
            network.up(options, place.sysctls)
            cgroups.make()

    def _all_specs(self) -> Iterator[Spec]:
        place, tools, options = self.place, self.tools, self.options
        yield control.etcd(place, tools)
        yield control.apiserver(place, tools, options)
        yield control.controllers(place, tools)
        yield control.scheduler(place, tools)
        if options.pods:
            yield runtime.containerd(place, self.images)
            yield addons.policies(place)
            yield addons.coredns(place, tools)
            yield addons.provisioner(place, tools, self.images)
            yield addons.traefik(place, tools, options)
            yield workers.kubelet(place, tools)
            yield workers.proxy(place, tools)

    def _steps(self) -> int:
        """How many steps will be shown: none for what runs as it should."""
        groups = (CONTROL, RUNTIME, ADDONS, WORKERS) if self.options.pods else (CONTROL,)
        return sum(1 for group in groups if not self._current(group))

    def _current(self, names: tuple[str, ...]) -> bool:
        return all(self.processes.current(self.specs[name]) for name in names)

    @contextmanager
    def _step(self, title: str, names: tuple[str, ...]) -> Iterator[Callable[[str], None]]:
        """Show a step, unless there is nothing to start."""
        if self._current(names):
            yield lambda _: None
            return
        with self.work.step(title) as detail:
            yield detail

    def _ensure(self, *names: str) -> None:
        together(*(lambda name=name: self.processes.ensure(self.specs[name]) for name in names))

    def _control_plane(self) -> None:
        with self._step("control plane", CONTROL) as detail:
            detail("etcd")
            self._ensure("etcd")
            detail("API server")
            self._ensure("kube-apiserver")
            detail("controllers, scheduler")
            self._ensure("kube-controller-manager", "kube-scheduler")
            with Api(self.place, self.options) as api:
                for document in objects.wanted(self.place, self.images, pods=self.options.pods):
                    api.apply(document)
        if self.options.pods:
            with self._step("network policies, DNS, volumes, ingress", ADDONS):
                self._ensure(*ADDONS)

    def _runtime(self) -> None:
        with self._step("containerd and images", RUNTIME) as detail:
            if self.processes.running("containerd"):
                # Before a restart with another sandbox image: until that is there, no pod can start.
                detail("images")
                runtime.load_images(self.place, self.images)
            self._ensure("containerd")
            detail("images")
            runtime.load_images(self.place, self.images)

    def _workers(self, began: float) -> None:
        """The kubelet comes last: no pod starts before the policies stand and the images lie ready."""
        fresh = not self.processes.current(self.specs["kubelet"])
        with Api(self.place, self.options) as api:
            lost = pods.mark_down(api) if fresh and not cgroups.processes() else []
            with self._step("kubelet and kube-proxy", WORKERS) as detail:
                self._ensure(*WORKERS)
                readiness.wait(api, began if fresh else 0.0)
                gpu.offer(api, self.options.gpus)
                detail("pods that ran before")
                missing = pods.await_back(api, lost)
        if missing:
            say(f"  Not ready again yet: {', '.join(missing)}")

    def _still_alive(self) -> None:
        """A part that nobody can ask may have ended just after its start."""
        for spec in self.specs.values():
            self.processes.expect(spec)


CONTROL = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
RUNTIME = ("containerd",)
ADDONS = ("netpol", "coredns", "local-path-provisioner", "traefik")
WORKERS = ("kubelet", "kube-proxy")
