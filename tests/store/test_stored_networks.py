"""A store with `dface` keeps the network that made it, and never mixes two."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from helpers.faces import a_network
from helpers.features import an_utterance
from valaro.errors import StoreError, ValaroError
from valaro.extraction.extract import ExtractOptions, extract
from valaro.features.face_network import FaceNetwork, packaged_face_network
from valaro.records import Extracted, FeatureSequence, Utterance
from valaro.store.feature_store import FeatureStore


def _rows(utterance: Utterance, names: Sequence[str]) -> Extracted:
    """Stand for the decoder: what is asked for is there."""
    values = np.full((5, 4), float(utterance.id[-1]), np.float32)
    return Extracted(features=tuple(FeatureSequence(name=name, values=values) for name in names))


ROWS = ExtractOptions(extractor=_rows)


def _write(network: FaceNetwork, path: Path) -> Path:
    path.write_bytes(network.content)
    return path


def _extract(store: Path, network: Path, *names: str) -> None:
    utterances = [an_utterance(name, level=None) for name in names]
    extract(utterances, ["dface"], to=store, options=ROWS, network=network)


def test_the_store_has_a_copy_that_outlives_the_run(tmp_path: Path) -> None:
    network = a_network()
    run = _write(network, tmp_path / "n.safetensors")
    _extract(tmp_path / "store", run, "1", "2")
    run.unlink()
    store = FeatureStore.open(tmp_path / "store")
    assert store.version("dface") == f"1-{network.checksum}"
    assert store.network("dface") == network
    assert store.network("face") is None


def test_expressions_alone_keep_the_network_too_and_it_goes_with_them(tmp_path: Path) -> None:
    network = a_network()
    named = _write(network, tmp_path / "n.safetensors")
    utterances = [an_utterance("1", level=None)]
    extract(utterances, ["expressions"], to=tmp_path / "store", options=ROWS, network=named)
    store = FeatureStore.open(tmp_path / "store")
    assert (store.version("expressions"), store.network("expressions")) == (network.version, network)
    # Without a name it is the store's own again, and `dface` beside it is of the same network.
    extract(utterances, ["dface", "expressions"], to=tmp_path / "store", options=ROWS)
    assert FeatureStore.open(tmp_path / "store").version("dface") == network.version


def test_another_network_makes_the_features_anew_and_the_old_one_goes(tmp_path: Path) -> None:
    first, second = a_network(), a_network(seed=1)
    _extract(tmp_path / "store", _write(first, tmp_path / "a.safetensors"), "1", "2")
    _extract(tmp_path / "store", _write(second, tmp_path / "b.safetensors"), "1", "2")
    store = FeatureStore.open(tmp_path / "store")
    assert store.network("dface") == second
    assert [path.name for path in (tmp_path / "store" / "networks").iterdir()] == [f"1-{second.checksum}.safetensors"]


def test_features_of_two_networks_in_one_store_are_refused_until_all_are_of_one(tmp_path: Path) -> None:
    first, second = (
        _write(a_network(), tmp_path / "a.safetensors"),
        _write(a_network(seed=1), tmp_path / "b.safetensors"),
    )
    _extract(tmp_path / "store", first, "1", "2")
    _extract(tmp_path / "store", second, "2", "3")
    with pytest.raises(StoreError, match=r"feature 'dface' is there in .* versions 1-.*, 1-"):
        FeatureStore.open(tmp_path / "store")
    # Both networks are still needed: nobody has said which one it shall be.
    assert len(list((tmp_path / "store" / "networks").iterdir())) == 2
    _extract(tmp_path / "store", second, "1", "2", "3")
    assert FeatureStore.open(tmp_path / "store").ids == ("toy/1", "toy/2", "toy/3")


def test_a_copy_that_is_gone_or_another_one_is_noticed(tmp_path: Path) -> None:
    _extract(tmp_path / "store", _write(a_network(), tmp_path / "n.safetensors"), "1")
    (copy,) = (tmp_path / "store" / "networks").iterdir()
    copy.write_bytes(a_network(seed=1).content)
    with pytest.raises(StoreError, match="another network than the one that computed features"):
        FeatureStore.open(tmp_path / "store").network("dface")
    copy.unlink()
    with pytest.raises(StoreError, match="there is no such file"):
        FeatureStore.open(tmp_path / "store").network("dface")


def test_without_a_name_the_packaged_network_is_taken_or_the_one_that_the_store_has(tmp_path: Path) -> None:
    def again(store: Path) -> str:
        extract([an_utterance("1", level=None)], ["dface"], to=store, options=ROWS)
        return FeatureStore.open(store).version("dface")

    assert again(tmp_path / "new") == f"1-{packaged_face_network().checksum}"
    own = a_network()
    _extract(tmp_path / "own", _write(own, tmp_path / "n.safetensors"), "1")
    assert again(tmp_path / "own") == f"1-{own.checksum}"
    _extract(tmp_path / "own", _write(a_network(seed=1), tmp_path / "n.safetensors"), "2")
    with pytest.raises(ValaroError, match="holds dface of 2 networks: say which with --features dface=RUN"):
        again(tmp_path / "own")


def test_a_store_of_an_older_version_is_refused_with_what_to_do_and_a_named_network_replaces_it(tmp_path: Path) -> None:
    network = _write(a_network(), tmp_path / "n.safetensors")
    _extract(tmp_path / "store", network, "1")
    (copy,) = (tmp_path / "store" / "networks").iterdir()
    copy.rename(copy.with_suffix(".onnx"))
    with pytest.raises(StoreError, match=r"\.onnx: a network of faces that an older version of valaro made: train it"):
        FeatureStore.open(tmp_path / "store").network("dface")
    with pytest.raises(ValaroError, match="holds dface that an older version of valaro computed: say with which"):
        extract([an_utterance("1", level=None)], ["dface"], to=tmp_path / "store", options=ROWS)
    _extract(tmp_path / "store", network, "1")
    assert FeatureStore.open(tmp_path / "store").network("dface") == a_network()
