"""The lab as a command: `python -m lab --help`. Results go to standard output, progress to standard error."""

import logging
import sys
from pathlib import Path

import click

from lab import binaries, clusters, images
from lab.lab import Lab
from lab.site import every_site
from lab.trouble import LabError

_NAME = click.option("--name", envvar="NAME", default="lab", show_default=True, help="Which lab (or kind cluster).")
_CLUSTER = click.option(
    "--cluster", envvar="CLUSTER", default="", help="lab, kind or current; kind where it and Docker are, else lab."
)
_TAG = click.option("--tag", default=images.PROJECT_IMAGE, show_default=True, help="Name of the image.")


@click.group()
def main() -> None:
    """Bring up a real Kubernetes on this machine, and use it."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)


@main.command()
@_NAME
@_CLUSTER
@click.option("--nodes", envvar="NODES", type=click.IntRange(0, 1), default=1, help="Real nodes (they need root).")
@click.option("--simulated", envvar="SIMULATED", type=click.IntRange(0, 5000), default=0, help="Simulated nodes.")
def up(name: str, cluster: str, nodes: int, simulated: int) -> None:
    """Bring the cluster up, or find it up; prints its kubeconfig."""
    target = clusters.choose(cluster, name, nodes, simulated)
    target.up()
    print(target.kubeconfig())


@main.command()
@_NAME
@_CLUSTER
def down(name: str, cluster: str) -> None:
    """Remove the cluster and all its traces."""
    clusters.choose(cluster, name, 0, 0).down()


@main.command()
@_NAME
@_CLUSTER
def kubeconfig(name: str, cluster: str) -> None:
    """Print the path of the cluster's kubeconfig."""
    print(clusters.choose(cluster, name, 0, 0).kubeconfig())


@main.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_NAME
@_CLUSTER
def load(archive: Path, name: str, cluster: str) -> None:
    """Load the images of a docker-archive into the cluster."""
    clusters.choose(cluster, name, 0, 0).load_image(archive)


@main.command("build-image")
@_NAME
@_CLUSTER
@_TAG
def build_image(name: str, cluster: str, tag: str) -> None:
    """Build the project's own image and load it into the cluster."""
    clusters.choose(cluster, name, 0, 0).build_image(tag)


@main.command()
def status() -> None:
    """List the labs and the process id of each of their parts."""
    for site in every_site():
        print(f"{site.name}: {site.server} nodes={site.shape.nodes} simulated={site.shape.simulated} {site.kubeconfig}")
        for part, pid in Lab(site.name).status().items():
            print(f"  {part:<24} {pid or 'not running'}")


@main.command()
def build() -> None:
    """Build every program of the lab."""
    binaries.build()


@main.command("bin")
def tools() -> None:
    """Print the folder of kubectl and helm (built if need be), to be put on PATH."""
    print(binaries.build(["kubectl", "helm"]))


@main.command()
@click.argument("which", type=click.Choice(["small", "python-base"]))
def image(which: str) -> None:
    """Print the path of an archive: `small` (busybox and pause) or `python-base`, made if need be."""
    print(images.small(images.folder()) if which == "small" else images.python_base())


if __name__ == "__main__":
    try:
        main()
    except LabError as trouble:
        sys.exit(f"lab: {trouble}")
