"""Each rule about a store finds what breaks it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from helpers.features import an_utterance, make_store
from helpers.media import make_recording, tone
from valaro.checks.stores import loudness_of, store_findings
from valaro.extraction.extract import extract
from valaro.records import Utterance
from valaro.store.feature_store import FeatureStore


def speech(rows: int, level: float = 0.0, seed: int = 0) -> np.ndarray:
    """Return log power whose frames vary by 1 around `level`."""
    rng = np.random.default_rng(seed)
    return np.full((rows, 4), level) + rng.normal(size=(rows, 1))


def cases(store: FeatureStore, names: list[str]) -> dict[str, tuple[str, ...]]:
    # `make_store` seals what it writes under the utterance's id as its recording's name.
    utterances = [replace(an_utterance(name), id=name, media=an_utterance(name).media) for name in names]
    found = store_findings(store, utterances)
    return {finding.what.partition(":")[0]: finding.cases for finding in found}


def test_a_store_as_it_should_be_has_no_finding(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a": {"fbank": speech(200), "face": speech(200)}})
    assert cases(store, ["a"]) == {}


def test_what_was_never_extracted_or_lacks_a_feature_is_named(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a": {"fbank": speech(200), "face": speech(200)}, "b": {"fbank": speech(200)}})
    assert cases(store, ["a", "b", "c"]) == {
        "Utterances that were never extracted": ("c",),
        "Utterances of which a feature could not be extracted": ("b: no face",),
    }


def test_modalities_of_other_length_and_short_recordings_are_named(tmp_path: Path) -> None:
    store = make_store(tmp_path, {"a": {"fbank": speech(200), "face": speech(190)}, "b": {"fbank": speech(90)}})
    found = cases(store, ["a", "b"])
    assert found["Utterances whose modalities differ in length"] == ("a: face 190, fbank 200 rows",)
    assert found["Recordings shorter than a crop of 1.28 s"] == ("b: 0.90 s",)


def test_silence_and_a_hum_are_told_from_speech(tmp_path: Path) -> None:
    rows = {name: {"fbank": speech(200, seed=seed)} for seed, name in enumerate("abc")}
    rows["silent"] = {"fbank": speech(200, level=-9.0)}
    rows["hum"] = {"fbank": np.full((200, 4), 0.5)}
    store = make_store(tmp_path, rows)
    found = cases(store, list(rows))
    ((case,), flat) = (
        found["Utterances more than 30 dB below the median"],
        found["Utterances whose sound does not vary"],
    )
    # 9 nepers below: 39 dB.
    assert case.startswith("silent: -39")
    assert flat == ("hum",)


def test_loudness_is_the_mean_power_against_the_median(tmp_path: Path) -> None:
    rows = {name: {"fbank": np.full((100, 2), level)} for name, level in {"a": 0.0, "b": 1.0, "c": -1.0}.items()}
    store = make_store(tmp_path, rows)
    found = loudness_of(store, [replace(an_utterance(name), id=name) for name in rows])
    assert found == pytest.approx({"a": 0.0, "b": 10 / np.log(10), "c": -10 / np.log(10)}, abs=1e-6)


def test_damaged_rows_and_changed_recordings_are_faults(tmp_path: Path) -> None:
    recording = make_recording(tmp_path / "a.wav", picture=False, sound=tone(), seconds=2.0)
    utterance = Utterance(id="c/a", corpus="c", session="1", speaker="c/1", gender="F", media=recording)
    extract([utterance], ["fbank"], to=tmp_path / "s")
    store = FeatureStore.open(tmp_path / "s")
    # A steady tone is one of those hums; nothing else is wrong yet.
    assert [finding.what[:36] for finding in store_findings(store, [utterance])] == [
        "Utterances whose sound does not vary"
    ]
    make_recording(recording, picture=False, sound=tone(), seconds=3.0)
    (array,) = (tmp_path / "s").rglob("fbank.npy")
    data = bytearray(array.read_bytes())
    data[-1] ^= 1
    array.write_bytes(data)
    found = {finding.what: finding for finding in store_findings(FeatureStore.open(tmp_path / "s"), [utterance])}
    assert found["Recordings or stretches that changed since they were extracted"].cases == ("c/a",)
    damaged = found["Rows that do not match their checksums"]
    assert damaged.is_fault
    assert any("c/a, feature 'fbank'" in case for case in damaged.cases)


@pytest.mark.parametrize("value", [np.inf, np.nan, -np.inf])
def test_damage_that_is_no_number_is_a_finding_and_loudness_is_that_of_the_others(tmp_path: Path, value: float) -> None:
    names = ["a", "b", "c"]
    make_store(tmp_path, {name: {"fbank": speech(200)} for name in names})
    (array,) = tmp_path.rglob("fbank.npy")
    rows = np.load(array)
    rows[-1] = value
    np.save(array, rows)
    store = FeatureStore.open(tmp_path)
    found = cases(store, names)
    assert list(found) == ["Rows that do not match their checksums"]
    assert any("c, feature 'fbank'" in case for case in found["Rows that do not match their checksums"])
    loudness = loudness_of(store, [replace(an_utterance(name), id=name) for name in names])
    assert np.isfinite(list(loudness.values())).all()
    assert ("c" in loudness) == (value == -np.inf)  # no power at all is a number
