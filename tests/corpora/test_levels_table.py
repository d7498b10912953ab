"""A user's own table from category to level."""

from pathlib import Path

import pytest

from valaro.corpora.levels_table import read_levels
from valaro.errors import ValaroError
from valaro.labels.categories import CATEGORIES, Levels, derived_ratings
from valaro.records import LEVELS


def test_a_table_of_ones_own_takes_the_place_of_the_known_one(tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    path.write_text("category,valence,arousal\nSurprise,High,high\nawe,medium,low\n")
    table = read_levels(path)
    assert table == {"surprise": Levels("high", "high"), "awe": Levels("medium", "low")}
    assert [(rating.dimension, rating.score) for rating in derived_ratings("surprise", "v1", table)] == [
        ("valence", 5.0),
        ("arousal", 5.0),
    ]


def test_every_fault_of_a_table_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "levels.csv"
    path.write_text("category,valence,arousal\nawe,hgh,low\nawe,low,low\n,low,\n")
    with pytest.raises(ValaroError) as error:
        read_levels(path)
    assert str(error.value) == (
        f"4 problems in {path}\n"
        f"  {path}, line 2: level 'hgh': expected low, medium or high\n"
        f"  {path}, line 4: level '': expected low, medium or high\n"
        f"  {path}, line 3: 'awe' stands there twice\n"
        f"  {path}, line 4: 'category' is empty"
    )


def test_a_category_without_a_level_is_an_error_that_lists_the_known_ones() -> None:
    with pytest.raises(ValaroError, match="category 'awe'; the table has: anger, boredom"):
        derived_ratings("awe", "1")


def test_the_known_table_is_that_of_the_recordings_beside_the_project() -> None:
    # shared/data/README.md: anger, sadness, fear, disgust, boredom low in valence; neutral, calm, surprise medium.
    low = {category for category, levels in CATEGORIES.items() if levels.valence == "low"}
    assert low == {"anger", "sadness", "fear", "disgust", "boredom"}
    assert {category for category, levels in CATEGORIES.items() if levels.arousal == "low"} == {
        "sadness",
        "calm",
        "boredom",
    }
    assert {category for category, levels in CATEGORIES.items() if levels.arousal == "medium"} == {"neutral", "disgust"}
    assert all(set(levels) <= set(LEVELS) for levels in CATEGORIES.values())
