"""Packaged weights are handed out only as they were packaged."""

import hashlib

import pytest

from valaro import weights
from valaro.errors import StoreError
from valaro.weights import CHECKSUMS, read_weights


@pytest.mark.parametrize("name", sorted(CHECKSUMS))
def test_every_packaged_file_has_its_checksum(name):
    assert hashlib.sha256(read_weights(name)).hexdigest() == CHECKSUMS[name]


def test_a_changed_file_is_refused(monkeypatch):
    monkeypatch.setitem(CHECKSUMS, "mini_xception.safetensors", "0" * 64)
    with pytest.raises(StoreError, match=r"mini_xception.safetensors are not those that were packaged: SHA-256 335bcc"):
        read_weights("mini_xception.safetensors")


def test_a_missing_file_is_refused(monkeypatch, tmp_path):
    monkeypatch.setattr(weights.resources, "files", lambda package: tmp_path)
    with pytest.raises(StoreError, match="are missing: expected in every valaro package"):
        read_weights("mini_xception.safetensors")
