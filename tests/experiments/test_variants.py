"""A study's settings: what it varies, where its data stands, which features stand for others."""

import tomllib
from dataclasses import fields, replace
from itertools import pairwise
from pathlib import Path

import pytest

from helpers.features import make_store, toy_corpus
from valaro.errors import ValaroError
from valaro.evaluation.folds import leave_one_session_out
from valaro.experiments.sections import PAPER_PARTS
from valaro.experiments.settings import check_settings, read_settings
from valaro.experiments.variants import study_features, variants
from valaro.training.config import DEFAULT, LossWeights
from valaro.training.methods import LABELLED_TERMS, METHODS, model_specs
from valaro.training.training_data import prepare

DATA = {"labelled": ["a.parquet"], "features": "store"}


def _labels(values: dict) -> list[list[str]]:
    return [[c.label for c in variant.model_specs()] for variant in variants(check_settings(values, "mine"))]


def test_every_combination_of_values_is_a_variant_with_its_values_in_the_names() -> None:
    settings = check_settings(
        {
            "data": DATA,
            "study": {"models": ["SSGAN:face"]},
            "vary": {"study.max_unlabelled": [0, 50], "losses.consistency": [1.0, 3.0]},
        },
        "mine",
    )
    found = variants(settings)
    assert [variant.model_specs()[0].label for variant in found] == [
        "SSGAN face, max_unlabelled 0, consistency 1.0",
        "SSGAN face, max_unlabelled 0, consistency 3.0",
        "SSGAN face, max_unlabelled 50, consistency 1.0",
        "SSGAN face, max_unlabelled 50, consistency 3.0",
    ]
    assert [(v.settings.config().max_unlabelled, v.settings.config().terms.consistency) for v in found] == [
        (0, 1.0),
        (0, 3.0),
        (50, 1.0),
        (50, 3.0),
    ]
    assert found[3].model_specs()[0].varied == (("study.max_unlabelled", "50"), ("losses.consistency", "3.0"))


def test_a_model_is_named_by_the_values_that_concern_it_alone() -> None:
    study = {"data": DATA, "study": {"models": ["FSBase:face", "SSGAN:face", "LR:face"]}}
    # FSBase learns from no pool, knows no generator, and LR scales its own input.
    assert _labels(study | {"vary": {"losses.fake": [0.5]}}) == [["FSBase face", "SSGAN face, fake 0.5", "LR face"]]
    # Without a generator the labelled term is over the K levels, whatever `k_plus_one_softmax` says.
    assert _labels(study | {"vary": {"losses.k_plus_one_softmax": [True]}}) == [
        ["FSBase face", "SSGAN face, k_plus_one_softmax true", "LR face"]
    ]
    assert _labels(study | {"vary": {"losses.head_l2": [0.5]}}) == [
        ["FSBase face, head_l2 0.5", "SSGAN face, head_l2 0.5", "LR face"]
    ]
    assert _labels(study | {"vary": {"study.max_unlabelled": [7]}}) == [
        ["FSBase face", "SSGAN face, max_unlabelled 7", "LR face"]
    ]
    assert _labels(study | {"vary": {"study.normalisation": ["self"]}}) == [
        ["FSBase face, normalisation self", "SSGAN face, normalisation self", "LR face"]
    ]
    assert _labels(study | {"vary": {"study.labels_per_class": [5]}}) == [
        ["FSBase face, labels_per_class 5", "SSGAN face, labels_per_class 5", "LR face, labels_per_class 5"]
    ]
    # Statistics of labelled recordings and pool together depend on the pool, whoever learns from it.
    joint = {"models": ["FSBase:face"], "normalisation": "combine"}
    assert _labels({"data": DATA, "study": joint, "vary": {"study.max_unlabelled": [7]}}) == [
        ["FSBase face, max_unlabelled 7"]
    ]
    # So does the scale of a training speaker, for whoever is scaled by it.
    speakers = {"models": ["FSBase:face", "LR:face"], "normalise_speakers": True}
    assert _labels({"data": DATA, "study": speakers, "vary": {"study.unlabelled_fraction": [0.5]}}) == [
        ["FSBase face, unlabelled_fraction 0.5", "LR face, unlabelled_fraction 0.5"]
    ]


def test_varied_features_are_the_rows_of_their_models() -> None:
    pairs = [["fft", "face"], ["fbank", "face"]]
    values = {"data": DATA, "study": {"models": ["MFSBase", "FSBase"]}, "vary": {"study.features": pairs}}
    assert _labels(values) == [
        ["MFSBase fft+face", "FSBase fft", "FSBase face"],
        ["MFSBase fbank+face", "FSBase fbank", "FSBase face"],
    ]
    assert study_features(check_settings(values, "mine")) == ("fft", "face", "fbank")


@pytest.mark.parametrize(
    ("vary", "words"),
    [
        (
            {"study.max_unlabeled": [1]},
            "unknown setting in \\[vary\\] 'study.max_unlabeled': did you mean 'study.max_unlabelled'",
        ),
        ({"study.seeds": [1]}, "unknown setting in \\[vary\\] 'study.seeds'"),
        ({"study.max_unlabelled": [1, 1]}, "vary.study.max_unlabelled = \\[1, 1\\]: a value stands there twice"),
        ({"study.max_unlabelled": [-1]}, "study.max_unlabelled = -1: input should be greater"),
        ({"study.max_unlabelled": []}, "vary.study.max_unlabelled"),
        ({"study.features": [["fbank"]]}, "joins all features and needs at least two"),
    ],
)
def test_what_cannot_be_varied_is_one_message(vary: dict, words: str) -> None:
    with pytest.raises(ValaroError, match=words):
        check_settings({"data": DATA, "study": {"models": ["MFSBase"]}, "vary": vary}, "mine")


def test_another_feature_stands_for_that_of_the_paper_and_one_that_is_not_had_is_left_out() -> None:
    study = {"models": ["FSBase", "SSGAN:dface", "SSGAN:fft"], "features": ["fbank", "fft", "dface"]}
    data = DATA | {"stand_ins": {"dface": "face"}, "without": ["fft"]}
    settings = check_settings({"data": data, "study": study}, "mine")
    assert settings.features == ("fbank", "face")
    assert [c.label for c in settings.model_specs()] == ["FSBase fbank", "FSBase face", "SSGAN face"]
    with pytest.raises(ValaroError, match=r"data\.without leaves none of the features fft"):
        check_settings({"data": data, "study": {"features": ["fft"]}}, "mine")


def test_the_complete_settings_read_back_to_the_same_study() -> None:
    values = {
        "data": DATA | {"stand_ins": {"dface": "face"}},
        "study": {"models": ["SSGAN:dface"], "features": ["dface"], "paper": "figure_7", "control": False},
        "vary": {"study.normalisation": ["none", "self"]},
    }
    settings = check_settings(values, "mine")
    again = check_settings(tomllib.loads(settings.to_toml()), "again")
    assert [(v.model_specs(), v.settings.config()) for v in variants(again)] == [
        (v.model_specs(), v.settings.config()) for v in variants(settings)
    ]
    assert (again.study.paper, again.study.control) == ("figure_7", False)


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    """A study without data, and two files of data: one beside it, one elsewhere."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "table.toml").write_text('[study]\nmodels = ["CT"]\npaper = "table_2"\n')
    data = '[data]\nlabelled = ["{0}.parquet"]\nfeatures = "{0}"\n[study]\nlabels_per_class = {1}\nmodels = ["LR"]\n'
    (tmp_path / "data.toml").write_text(data.format("here", 20))
    (tmp_path / "elsewhere" / "mine.toml").write_text(data.format("there", 7))
    return tmp_path


def test_a_study_without_data_is_laid_over_the_file_beside_it_or_over_the_one_named(studies: Path) -> None:
    beside = read_settings(studies / "table.toml")
    assert beside.data.labelled == [studies / "here.parquet"]
    # The size of the study stands with the data; what the study says itself holds.
    assert (beside.config().labels_per_class, beside.study.models) == (20, ["CT"])
    named = read_settings(studies / "table.toml", ["study.seeds=3"], data=studies / "elsewhere" / "mine.toml")
    assert named.data.labelled == [studies / "elsewhere" / "there.parquet"]
    assert (named.config().labels_per_class, named.study.seeds) == (7, 3)


def test_data_that_is_named_replaces_that_of_the_study(studies: Path) -> None:
    own = studies / "own.toml"
    own.write_text('[data]\nlabelled = ["own.parquet"]\nunlabelled = ["more.parquet"]\nfeatures = "own"\n')
    assert read_settings(own).data.labelled == [studies / "own.parquet"]
    named = read_settings(own, data=studies / "elsewhere" / "mine.toml")
    assert (named.data.labelled, named.data.unlabelled) == ([studies / "elsewhere" / "there.parquet"], [])


def test_a_study_without_data_anywhere_is_told_where_it_is_looked_for(studies: Path) -> None:
    (studies / "data.toml").unlink()
    with pytest.raises(
        ValaroError, match=r"table.toml' name no data: expected a section \[data\].*'data.toml'.*--data"
    ):
        read_settings(studies / "table.toml")
    with pytest.raises(ValaroError, match=r"no settings file '.*nowhere\.toml'"):
        read_settings(studies / "table.toml", data=studies / "nowhere.toml")


def test_set_varies_too(studies: Path) -> None:
    settings = read_settings(studies / "table.toml", ["vary.study.max_unlabelled=[0, 9]"])
    assert [variant.values for variant in variants(settings)] == [
        (("study.max_unlabelled", 0),),
        (("study.max_unlabelled", 9),),
    ]


def test_every_table_and_figure_of_the_paper_has_a_study_that_says_which_it_is() -> None:
    folder = Path(__file__).parents[2] / "settings"
    names = {path.stem for path in folder.glob("*.toml")} - {"example", "data"}
    assert names == set(PAPER_PARTS)
    for name in sorted(names):
        settings = read_settings(folder / f"{name}.toml")
        assert settings.study.paper == name
        assert settings.data.labelled == [folder / ".." / "data" / "iemocap.parquet"]
        # In the other preset, on the packaged faces, and where there is no picture, unless faces are all it is about.
        read_settings(folder / f"{name}.toml", ["study.preset=paper", 'data.stand_ins={dface="face"}'])


def test_figure_6_runs_to_25_000_unlabelled_samples_in_both_presets() -> None:
    figure = Path(__file__).parents[2] / "settings" / "figure_6.toml"
    for preset in ("default", "paper"):
        plans = [variant.settings.config() for variant in variants(read_settings(figure, [f"study.preset={preset}"]))]
        # What `prepare` makes of a pool that is large enough.
        sizes = [round(config.unlabelled_fraction * (config.max_unlabelled or 0)) for config in plans]
        assert sizes == [0, 5_000, 10_000, 15_000, 20_000, 25_000]


def test_growing_shares_of_a_pool_contain_each_other(tmp_path: Path) -> None:
    utterances, features = toy_corpus(sessions=3, per_level=2, unlabelled=5)
    store = make_store(tmp_path, features)
    fold = leave_one_session_out(utterances)[0]
    (spec,) = model_specs("CT", ["fbank"])
    pools = []
    for share in (0.0, 0.25, 0.5, 1.0):
        config = replace(DEFAULT, max_unlabelled=16, unlabelled_fraction=share)
        facts = {"dimension": "valence", "seed": 3, "config": config}
        pools.append({u.id for u in prepare(spec, store, [fold], utterances, **facts).unlabelled})
    # Four speakers train, five unlabelled recordings each, at most 16 of these 20.
    assert [len(pool) for pool in pools] == [0, 4, 8, 16]
    assert all(less < more for less, more in pairwise(pools))


def test_values_that_are_one_once_they_are_read_are_refused() -> None:
    study = {"data": DATA, "vary": {"study.labels_per_class": ["20", 20]}}
    with pytest.raises(ValaroError, match="two of these values are the same once they are read"):
        variants(check_settings(study, "mine"))


def test_every_term_belongs_to_some_model_and_is_a_setting() -> None:
    used = {term for method in METHODS.values() for term in method.terms}
    assert used | LABELLED_TERMS == {field.name for field in fields(LossWeights)}
