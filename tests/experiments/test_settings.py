"""Settings: every fault at once, in words; what is left out comes from the preset."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from valaro.errors import ValaroError
from valaro.experiments.settings import check_settings, read_settings
from valaro.training.config import DEFAULT, PAPER

MINIMAL = '[data]\nlabelled = ["a.parquet"]\nfeatures = "store"\n'


def _file(folder: Path, text: str) -> Path:
    path = folder / "study.toml"
    path.write_text(text)
    return path


def test_the_preset_fills_what_is_left_out(tmp_path: Path) -> None:
    assert read_settings(_file(tmp_path, MINIMAL)).config() == DEFAULT
    assert read_settings(_file(tmp_path, MINIMAL + '[study]\npreset = "paper"\n')).config() == PAPER


def test_overrides_reach_the_plan(tmp_path: Path) -> None:
    text = MINIMAL + "[network]\ndropout = 0.5\nwidth = 2\n[training]\nsteps = 7\n[losses]\nconsistency = 3\n"
    text += '[study]\nlabels_per_class = 20\nnormalisation = "shift"\nnormalise_speakers = true\n'
    assert read_settings(_file(tmp_path, text)).config() == replace(
        DEFAULT,
        width=2.0,
        regularisation=replace(DEFAULT.regularisation, dropout=0.5),
        schedule=replace(DEFAULT.schedule, steps=7),
        terms=replace(DEFAULT.terms, consistency=3.0),
        labels_per_class=20,
        normalisation="shift",
        normalise_speakers=True,
    )


def test_all_faults_come_in_one_message_with_a_guess_at_what_was_meant(tmp_path: Path) -> None:
    text = MINIMAL + "[training]\nstepps = 3\nbatch_size = 1\n[studdy]\nx = 1\n"
    with pytest.raises(ValaroError) as caught:
        read_settings(_file(tmp_path, text))
    message = str(caught.value)
    assert message.startswith("3 problems in settings")
    assert "training.stepps: unknown setting, did you mean 'steps'?" in message
    assert "training.batch_size = 1: input should be greater than or equal to 2" in message
    assert "studdy: unknown setting, did you mean 'study'?" in message


def test_a_missing_section_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="data: missing"):
        check_settings({"study": {"seeds": 2}}, "mine")


def test_an_unknown_model_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="unknown model 'MSGAN': did you mean 'MSSGAN'"):
        read_settings(_file(tmp_path, MINIMAL + '[study]\nmodels = ["MSGAN"]\n'))


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    settings = read_settings(_file(tmp_path, MINIMAL))
    assert settings.data.labelled == [tmp_path / "a.parquet"]
    assert settings.data.features == tmp_path / "store"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("training.steps", "expected section.name=value"),
        ("steps=3", "expected section.name=value"),
        ("training.stepps=3", "did you mean 'steps'"),
        ("training.steps=many", "training.steps = 'many'"),
    ],
)
def test_set_is_checked_like_the_file(tmp_path: Path, change: str, words: str) -> None:
    with pytest.raises(ValaroError, match=words):
        read_settings(_file(tmp_path, MINIMAL), [change])


def test_set_takes_numbers_lists_and_bare_words(tmp_path: Path) -> None:
    changes = ["training.steps=9", 'study.models=["SSGAN:face"]', "study.directions=coin"]
    settings = read_settings(_file(tmp_path, MINIMAL), changes)
    assert settings.config().schedule.steps == 9
    assert [spec.label for spec in settings.model_specs()] == ["SSGAN face"]
    assert settings.study.directions == "coin"


@pytest.mark.parametrize("text", ["[data", "\x00", "data = 3\n", "[[data]]\nx=1\n"])
def test_a_broken_file_is_one_message(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValaroError, match=r"study\.toml"):
        read_settings(_file(tmp_path, text))


def test_a_missing_file_is_one_message(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match="no settings file"):
        read_settings(tmp_path / "nowhere.toml")


def test_the_complete_settings_read_back_to_the_same_plan(tmp_path: Path) -> None:
    settings = read_settings(_file(tmp_path, MINIMAL + "[training]\nsteps = 7\n[study]\nlabels_per_class = 3\n"))
    again = check_settings(tomllib.loads(settings.to_toml()), "again")
    assert again.config() == settings.config()
    assert "learning_rate" in settings.to_toml()


def test_the_example_settings_are_valid_and_name_the_four_models() -> None:
    example = read_settings(Path(__file__).parents[2] / "settings" / "example.toml")
    labels = [spec.label for spec in example.model_specs()]
    assert labels == ["FSBase fbank", "FSBase face", "MFSBase", "SSGAN fbank", "SSGAN face", "MSSGAN"]
    assert example.config() == replace(DEFAULT, labels_per_class=20)


def test_absurd_numbers_are_refused_up_front_in_one_message(tmp_path: Path) -> None:
    changes = ["study.seeds=1000000000", "training.batch_size=100000000", "training.steps=1000000000000"]
    changes += ["network.width=1e6", "self_training.rounds=100000"]
    with pytest.raises(ValaroError) as caught:
        read_settings(_file(tmp_path, MINIMAL), changes)
    heading, *lines = str(caught.value).splitlines()
    assert heading.startswith("5 problems in settings")
    assert sorted(lines) == [
        "  network.width = 1000000.0: input should be less than or equal to 16",
        "  self_training.rounds = 100000: input should be less than or equal to 1000",
        "  study.seeds = 1000000000: input should be less than or equal to 1000",
        "  training.batch_size = 100000000: input should be less than or equal to 65536",
        "  training.steps = 1000000000000: input should be less than or equal to 10000000",
    ]


def test_a_study_of_more_variants_than_can_be_made_is_refused_at_once(tmp_path: Path) -> None:
    names = ("losses.real", "losses.fake", "losses.consistency", "losses.margin", "losses.teacher")
    values = [*range(1, 41)]
    with pytest.raises(ValaroError, match=r"\[vary\] stands for 102,400,000 combinations of values.*at most 1,000"):
        read_settings(_file(tmp_path, MINIMAL), [f"vary.{name}={values}" for name in names])
    # 40 values of one setting, 2 dimensions and 1,000 seeds are 80,000, the most are 100,000; of two settings more.
    read_settings(_file(tmp_path, MINIMAL), [f"vary.losses.real={values}", "study.seeds=1000"])
    changes = [f"vary.losses.real={values}", "vary.losses.margin=[1, 2, 3, 4]", "study.seeds=1000"]
    with pytest.raises(ValaroError, match=r"160 variants, 1,000 seeds and 2 dimensions are 320,000 trainings a fold"):
        read_settings(_file(tmp_path, MINIMAL), changes)


def test_a_model_of_one_feature_that_the_study_does_not_name_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(ValaroError, match=r"model 'FSBase:fbank' runs on 'fbank', which is not among .*named: face\."):
        read_settings(_file(tmp_path, MINIMAL), ['study.models=["FSBase:fbank"]', 'study.features=["face"]'])
    with pytest.raises(ValaroError, match=r"unknown feature in 'FSBase:fbnak' 'fbnak': did you mean 'fbank'\?"):
        read_settings(_file(tmp_path, MINIMAL), ['study.models=["FSBase:fbnak"]'])
