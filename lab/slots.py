"""Give a new lab a slot, and with it ports and addresses that no other lab or program has."""

import socket
from pathlib import Path

from lab import places
from lab.site import Shape, Site, every_site
from lab.trouble import LabError

_SLOTS = 200
_PORTS = 10


def claim(name: str, shape: Shape) -> Site:
    """Return a saved site in the lowest free slot. Raises `LabError` when there is none."""
    with places.locked(places.labs() / ".slots.lock"):
        taken = {site.slot for site in every_site()}
        for slot in range(_SLOTS):
            site = Site(name, slot, shape)
            if slot not in taken and _is_free(site):
                site.save()
                return site
    raise LabError(f"no slot for another lab: all {_SLOTS} are taken (`python -m lab status` lists yours)")


def _is_free(site: Site) -> bool:
    """Say whether nobody, of this user or another, uses the slot's interface or ports."""
    return not Path("/sys/class/net", site.link).exists() and all(_listens(site.port(at)) for at in range(_PORTS))


def _listens(port: int) -> bool:
    """Say whether one could listen on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
