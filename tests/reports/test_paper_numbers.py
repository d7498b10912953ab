"""The paper's numbers agree with one another wherever it prints the same thing twice."""

import pytest

from valaro.labels import table_1
from valaro.reports.paper import numbers
from valaro.reports.paper.parts import PARTS


def table_of(rows):
    return {(row.method, row.features, row.part): row.uar for row in rows}


PRINTED = {
    "arousal": table_of((*numbers.TABLE_3, *numbers.TABLE_2, *numbers.TABLE_6)),
    "valence": table_of((*numbers.TABLE_5, *numbers.TABLE_4, *numbers.TABLE_7)),
}


def test_table_1_counts_all_10039_utterances_on_both_dimensions():
    assert [sum(counts) for counts in table_1.PAPER.values()] == [10_039, 10_039]


@pytest.mark.parametrize("counts", numbers.TABLE_8, ids=lambda counts: counts.faces)
def test_table_8_prints_the_accuracy_of_its_own_counts(counts):
    # 1686 / 2563 = 65.782 %, 1441 / 2365 = 60.930 %
    assert round(100 * counts.right / (counts.right + counts.wrong), 2) == counts.accuracy


@pytest.mark.parametrize(
    ("validation", "tests"), [(numbers.TABLE_3, numbers.TABLE_2), (numbers.TABLE_5, numbers.TABLE_4)]
)
def test_the_tables_with_validation_repeat_the_test_figures(validation, tests):
    printed = table_of(tests)
    shared = [row for row in validation if row.part == "test"]
    assert len(shared) == 4
    assert all(row.uar == printed[row.method, row.features, "test"] for row in shared)


def test_only_the_two_misprints_of_table_5_carry_a_remark_beside_the_quoted_row():
    remarked = [row for part in PARTS for row in part.rows if row.remark]
    assert [(row.method, row.features[0], row.uar) for row in remarked] == [
        ("Chang & Scherer", "fbank", 49.80),
        ("FSBase", "dface", 58.71),
        ("SSGAN", "dface", 61.78),
    ]


def test_the_papers_own_figures_bear_out_every_claim_that_is_judged():
    claims = [(part, claim) for part in PARTS for claim in part.claims]
    assert len(claims) == 2 * 8 + 4 + 3 + 4 + 6
    for part, claim in claims:
        printed = PRINTED[part.dimension]
        assert printed[*claim.first, claim.part] > printed[*claim.second, claim.part], (part.name, claim)


def test_the_parts_are_the_papers_tables_with_trainings_and_its_figures():
    assert [part.name for part in PARTS] == [
        *(f"table_{k}" for k in range(2, 9)),
        *(f"figure_{k}" for k in range(4, 9)),
    ]
