# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Workers of a parallel run do not delete each other's attachments."""

from devtools.pytest_filestore import own_filestore


def test_a_worker_has_a_copy_and_takes_nothing_from_the_others(tmp_path):
    base = tmp_path / "base" / "ab"
    base.mkdir(parents=True)
    (base / "abcd").write_bytes(b"shared")
    with own_filestore(tmp_path, "base", "base-gw0"), own_filestore(tmp_path, "base", "base-gw1"):
        one, other = tmp_path / "base-gw0" / "ab", tmp_path / "base-gw1" / "ab"
        assert (one / "abcd").read_bytes() == b"shared"
        (one / "note").write_bytes(b"note")
        assert not (other / "note").exists()
        (other / "abcd").unlink()
        assert (one / "abcd").read_bytes() == b"shared"
    assert [folder.name for folder in tmp_path.iterdir()] == ["base"]
    assert (base / "abcd").read_bytes() == b"shared"


def test_without_workers_nothing_is_copied(tmp_path):
    (tmp_path / "base").mkdir()
    with own_filestore(tmp_path, "base", "base"):
        assert [folder.name for folder in tmp_path.iterdir()] == ["base"]
    assert (tmp_path / "base").is_dir()
