"""Bring a lab up and down.

Law: `up` ends with a lab that serves, or raises; what it finds half dead it removes first.
Law: after `down` no process, mount, interface, cgroup or file of the lab is left, whatever happened before.
"""

import logging
import re
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lab import binaries, cell, certificates, configs, images, places, processes, requirements, simulated, slots
from lab.api import Api
from lab.parts import Part, command, parts
from lab.site import Shape, Site, load
from lab.trouble import LabError
from lab.waiting import seconds, wait_until

_log = logging.getLogger("lab")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A lab that serves: what its users need to know."""

    kubeconfig: Path
    server: str
    """URL of the API server."""
    audit_log: Path
    """JSON lines: every answered write, with `requestReceivedTimestamp` in microseconds."""
    binaries: Path
    """The folder of kubectl, helm and the rest."""


class Lab:
    """A lab by name; making the object starts nothing."""

    def __init__(self, name: str = "lab") -> None:
        if not _NAME.fullmatch(name):
            raise LabError(f"a lab's name is a DNS label of at most 32 characters, not {name!r}")
        self.name = name
        self._root = places.labs() / name

    def up(
        self,
        nodes: int = 1,
        simulated: int = 0,
        *,
        durable: bool = False,
        flags: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Cluster:
        """Bring the lab up, or find it up; what the arguments mean is said at `Shape`.

        Raises `LabError` when something is missing, a part dies, or the lab is up in another shape.
        """
        shape = Shape(nodes, simulated, durable, flags or {})
        requirements.for_lab(nodes)
        programs = binaries.build()
        with self._locked():
            site = load(self.name)
            if site and self._is_whole(site):
                if site.shape != shape:
                    raise LabError(f"lab {self.name} is up as {site.shape}: `down` first for {shape}")
            else:
                if site:
                    _log.info("lab %s was left in pieces: starting it anew", self.name)
                self._clean(site)
                site = slots.claim(self.name, shape)
                self._start_all(site, programs)
        return _cluster(site)

    def down(self) -> None:
        """Remove the lab and all its traces; harmless when there is none."""
        with self._locked():
            self._clean(load(self.name))

    def cluster(self) -> Cluster:
        """Return the running lab. Raises `LabError` when it is not up."""
        return _cluster(self._site())

    def status(self) -> dict[str, int | None]:
        """Return the process id of every part, None for one that does not run; {} when there is no lab."""
        site = load(self.name)
        return _pids(site) if site else {}

    def stop(self, part: str, *, hard: bool = False) -> None:
        """End one part and wait until it is gone: with SIGTERM (and SIGKILL after 20 s), or at once when `hard`."""
        site = self._site()
        _part(site, part)
        if not (running := _process(site, part)):
            return
        if hard or not processes.end([running], site.root, signal.SIGTERM, within=20):
            processes.end([running], site.root, signal.SIGKILL, within=20)

    def start(self, part: str) -> None:
        """Start one part that was stopped; returns when it runs (the API server: when it serves)."""
        site = self._site()
        if not _process(site, part):
            _start(site, _part(site, part), binaries.folder())
        if part == "kube-apiserver":
            _await_api(site)

    def load(self, archive: Path) -> None:
        """Import the images of a docker-archive into the node. Raises `LabError` when there is no node."""
        cell.load(self._site(), archive, binaries.folder())

    def _site(self) -> Site:
        site = load(self.name)
        if not site:
            raise LabError(f"lab {self.name} is not up")
        return site

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with places.locked(places.labs() / f".{self.name}.lock"):
            yield

    def _is_whole(self, site: Site) -> bool:
        return all(_pids(site).values()) and Api(site).is_ready()

    def _clean(self, site: Site | None) -> None:
        """Remove the lab; without a site it never got as far as having more than a folder."""
        processes.end_all(self._root)
        if site and site.shape.nodes:
            cell.remove(site)
        if self._root.exists():
            shutil.rmtree(self._root)

    def _start_all(self, site: Site, programs: Path) -> None:
        _log.info("lab %s: starting, about 5 s", self.name)
        started = seconds()
        certificates.issue_all(site, configs.NODE_NAME)
        configs.write_all(site)
        simulated.write_config(site)
        members = parts(site)
        for name in ("etcd", "kube-apiserver"):
            _start(site, members.pop(name), programs)
        if site.shape.nodes:
            cell.create(site)
            _start(site, members.pop("containerd"), programs)
            cell.load(site, images.small(site.root), programs)
        _await_api(site)
        for part in members.values():
            _start(site, part, programs)
        api = Api(site)
        simulated.register(site, api)
        api.await_object("/api/v1/namespaces/default/serviceaccounts/default")
        api.await_object("/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
        nodes = site.shape.nodes + site.shape.simulated
        wait_until(lambda: _alive(site) and not api.unready_nodes(nodes), "the nodes to be ready", within=60)
        _log.info("lab %s: up after %.1f s", self.name, seconds() - started)


def _cluster(site: Site) -> Cluster:
    return Cluster(site.kubeconfig, site.server, site.audit_log, binaries.folder())


def _start(site: Site, part: Part, programs: Path) -> None:
    prefix = [*cell.enter(site), "env", f"PATH={site.inside(programs)}:{processes.SYSTEM_PATH}"] if part.on_node else []
    processes.spawn(
        [*prefix, *command(part, site, programs)], lab=site.root, part=part.name, log=site.logs / f"{part.name}.log"
    )


def _part(site: Site, name: str) -> Part:
    members = parts(site)
    if name not in members:
        raise LabError(f"lab {site.name} has no {name!r}; it has {', '.join(members)}")
    return members[name]


def _process(site: Site, part: str) -> processes.Process | None:
    found = (process for process in processes.find(site.root) if process.part == part)
    return next((process for process in found if process.program == part), None)


def _pids(site: Site) -> dict[str, int | None]:
    running = {process.part: process.pid for process in processes.find(site.root) if process.part == process.program}
    return {name: running.get(name) for name in parts(site)}


def _await_api(site: Site) -> None:
    api = Api(site)
    wait_until(lambda: _alive(site) and api.is_ready(), "the API server to serve", within=60)


def _alive(site: Site) -> bool:
    """Return True. Raises `LabError`, with its last words, when a part that was started is dead."""
    for part in _missing(site):
        log = site.logs / f"{part}.log"
        last = (log.read_text(errors="replace").strip().splitlines() or ["(it said nothing)"])[-1]
        raise LabError(f"{part} ended: {last[:300]} (all of it in {log})")
    return True


def _missing(site: Site) -> list[str]:
    """Name the parts that were started, for they have a log, and are not there."""
    present = {process.part for process in processes.find(site.root)}
    return [log.stem for log in site.logs.glob("*.log") if log.stem in parts(site) and log.stem not in present]
