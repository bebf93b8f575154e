"""Images made by hand are what containerd, buildah and Docker expect."""

import json
import tarfile
from hashlib import sha256
from pathlib import Path

from lab import archive

IMAGES = [archive.Image("localhost/one:1", ["sh"], {"PATH": "/bin"}), archive.Image("localhost/two:2", ["/bin/true"])]


def fill(layer: tarfile.TarFile) -> None:
    """Put one program and a link to it into a layer."""
    archive.add_folder(layer, "bin")
    archive.add_file(layer, "bin/program", b"content", 0o755)
    archive.add_link(layer, "bin/sh", "program")


def content(path: Path) -> dict[str, bytes]:
    """Read an archive's files."""
    with tarfile.open(path) as tar:
        return {member.name: handle.read() for member in tar if (handle := tar.extractfile(member))}


def test_each_image_names_its_config_and_the_shared_layer(tmp_path: Path) -> None:
    """The manifest leads to each image's command, and to a layer that has the digest the config claims."""
    files = content(archive.write(tmp_path / "a.tar", IMAGES, fill))

    manifest = json.loads(files["manifest.json"])
    assert [entry["RepoTags"] for entry in manifest] == [["localhost/one:1"], ["localhost/two:2"]]
    for entry, image in zip(manifest, IMAGES, strict=True):
        config = json.loads(files[entry["Config"]])
        layer = files[entry["Layers"][0]]
        assert config["rootfs"]["diff_ids"] == [f"sha256:{sha256(layer).hexdigest()}"]
        assert config["config"]["Cmd"] == image.command


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    """No time and no user of this machine gets in, so that nothing is imported twice."""
    first = archive.write(tmp_path / "a.tar", IMAGES, fill).read_bytes()

    assert archive.write(tmp_path / "b.tar", IMAGES, fill).read_bytes() == first


def test_nothing_else_is_left_behind(tmp_path: Path) -> None:
    """Drafts are gone once the archive stands."""
    archive.write(tmp_path / "a.tar", IMAGES, fill)

    assert [path.name for path in tmp_path.iterdir()] == ["a.tar"]
