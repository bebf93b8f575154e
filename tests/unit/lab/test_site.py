"""Two labs share nothing but the machine."""

from itertools import combinations
from pathlib import Path

import pytest

from lab.site import Shape, Site, every_site, load


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the files of a test out of the user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def belongings(site: Site) -> set[object]:
    """List what nobody else may have."""
    addresses = {site.host_address, site.node_address, site.pods}
    return {site.root, site.link, site.cgroup, *addresses, *(site.port(offset) for offset in range(10))}


def test_no_two_labs_share_anything() -> None:
    """Folder, ports, addresses, interface and cgroup of any two of the 200 slots differ."""
    sites = [Site(f"lab-{slot}", slot, Shape()) for slot in range(200)]

    assert all(belongings(one).isdisjoint(belongings(other)) for one, other in combinations(sites, 2))


def test_every_port_is_below_those_the_kernel_hands_out() -> None:
    """A port that is free while its part is stopped is not taken by an outgoing connection (they begin at 32,768)."""
    last = Site("last", 199, Shape())

    assert 1024 < last.port(9) < 32_768


def test_interface_names_fit_the_kernel() -> None:
    """An interface's name has at most 15 characters."""
    assert len(Site("last", 199, Shape()).link) <= 15


def test_a_saved_lab_is_read_back_as_it_was() -> None:
    """Every later command sees the shape and the flags that `up` was given."""
    site = Site("kept", 7, Shape(nodes=0, simulated=3, durable=True, flags={"etcd": ("--a=b", "--c")}))

    site.save()

    assert load("kept") == site
    assert every_site() == [site]


def test_there_is_no_lab_before_up() -> None:
    """A name that was never brought up has no site."""
    assert load("never") is None
