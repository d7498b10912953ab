"""The paper's numbers agree with one another wherever it prints the same thing twice."""

import pytest

from valaro.analysis.paper import numbers
from valaro.analysis.paper.parts import PARTS
from valaro.labels import table_1


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
    claims = [(part, claim) for part in PARTS for claim in part.claims if not claim.setting]
    # Eight of SSGAN and three of SSBase a feature in Tables II and IV; then III, V, VI, VII and Figure 5.
    assert len(claims) == 2 * (8 + 3) + 4 + 3 + 6 + 6 + 3
    for part, claim in claims:
        # Figure 5 shows a model on Dface, and the paper's tables agree on both dimensions.
        printed = PRINTED[part.dimension or "arousal"]
        assert printed[*claim.first, claim.part] > printed[*claim.second, claim.part], (part.name, claim)


def test_the_parts_are_the_papers_tables_with_trainings_and_its_figures():
    assert [part.name for part in PARTS] == [
        *(f"table_{k}" for k in range(2, 9)),
        *(f"figure_{k}" for k in range(4, 9)),
    ]


def test_ssbase_is_above_fsbase_only_where_the_paper_prints_it_so():
    claims = {
        part.name: [(c.first[0], *c.first[1]) for c in part.claims if {c.first[0], c.second[0]} == {"SSBase", "FSBase"}]
        for part in PARTS
        if part.name in {"table_2", "table_4"}
    }
    # Arousal: 65.43 > 65.16, 57.03 < 58.72, 54.23 > 54.11. Valence: 50.15 < 50.39, 46.98 < 47.10, 58.88 > 58.71.
    assert claims == {
        "table_2": [("SSBase", "fbank"), ("FSBase", "fft"), ("SSBase", "dface")],
        "table_4": [("FSBase", "fbank"), ("FSBase", "fft"), ("SSBase", "dface")],
    }


def test_on_arousal_the_paper_has_the_voice_above_voice_and_face():
    (part,) = [part for part in PARTS if part.name == "table_6"]
    # 65.61 (Table II) above 64.10 (Table VI).
    assert (("SSGAN", ("fbank",)), ("MSSGAN", ("fbank", "dface"))) in [(c.first, c.second) for c in part.claims]
