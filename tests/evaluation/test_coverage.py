"""Coverage and principal components agree with numbers worked out by hand, and with scikit-learn."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

from valaro.evaluation.components import principal_components
from valaro.evaluation.coverage import coverage, reached


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=float)[:, None]


def test_a_real_sample_is_covered_by_one_as_near_as_its_nearest_real_ones():
    real = column(0, 1, 3, 10)
    # Distances to the nearest other: 1, 1, 2, 7. From 2.5: 2.5, 1.5, 0.5, 7.5. From 17: 17, 16, 14, 7 (just as near).
    assert reached(real, column(2.5, 17), nearest=1).tolist() == [
        [False, False],
        [False, False],
        [True, False],
        [False, True],
    ]
    assert coverage(real, column(2.5, 17), nearest=1) == 0.5
    # The second nearest are 3, 2, 3 and 9 away: 2.5 alone now reaches all four.
    assert coverage(real, column(2.5), nearest=2) == 1.0
    assert coverage(real, column(100), nearest=2) == 0.0


def test_many_samples_in_one_place_cover_what_one_covers():
    real = column(0, 1, 2, 20, 21, 22)
    assert coverage(real, column(1), nearest=1) == coverage(real, np.full((50, 1), 1.0), nearest=1) == 0.5


def test_nobody_in_its_place_covers_nothing():
    assert coverage(column(0, 1, 2), np.zeros((0, 1)), nearest=1) == 0.0


def test_coverage_needs_more_real_samples_than_neighbours():
    with pytest.raises(AssertionError, match="needs so many others"):
        coverage(column(0, 1), column(0), nearest=2)


def test_the_reach_is_that_of_scikit_learns_neighbours():
    rng = np.random.default_rng(0)
    real, others = rng.normal(size=(60, 4)), rng.normal(size=(40, 4)) * 1.2
    radii = NearestNeighbors(n_neighbors=6).fit(real).kneighbors(real)[0][:, -1]
    theirs = np.linalg.norm(real[:, None] - others[None], axis=2) <= radii[:, None]
    assert 0.05 < theirs.mean() < 0.95
    assert (reached(real, others, nearest=5) == theirs).all()


def test_components_of_a_cross_are_its_arms():
    # Variance along (3, 4) / 5: 2 * 10^2 of 2 * (10^2 + 5^2); across it 2 * 5^2. The mean is (7, 1).
    along, across = np.array([0.6, 0.8]), np.array([0.8, -0.6])
    samples = np.array([7, 1]) + np.array([10 * along, -10 * along, 5 * across, -5 * across])
    found = principal_components(samples, 2)
    np.testing.assert_allclose(found.centre, [7, 1])
    np.testing.assert_allclose(found.shares, [0.8, 0.2])
    # The largest entry of each direction is positive: 0.8 both times.
    np.testing.assert_allclose(found.directions, [along, across], atol=1e-12)
    np.testing.assert_allclose(found.of(np.array([[7.0, 1], [13, 9]])), [[0, 0], [10, 0]], atol=1e-12)


def test_the_sign_does_not_depend_on_the_order_of_the_samples():
    samples = np.random.default_rng(1).normal(size=(30, 5)) * [5, 4, 3, 2, 1]
    one, other = principal_components(samples, 3), principal_components(samples[::-1].copy(), 3)
    np.testing.assert_allclose(one.directions, other.directions, atol=1e-10)


def test_components_are_those_of_scikit_learn_but_for_the_sign():
    samples = np.random.default_rng(2).normal(size=(50, 30)) * np.linspace(3, 1, 30)
    theirs = PCA(20, random_state=0).fit(samples)
    found = principal_components(samples, 20)
    np.testing.assert_allclose(found.shares, theirs.explained_variance_ratio_)
    np.testing.assert_allclose(np.abs(found.of(samples)), np.abs(theirs.transform(samples)), atol=1e-9)


def test_two_samples_have_one_direction_and_equal_ones_none():
    found = principal_components(np.array([[0.0, 0, 0], [0, 2, 0]]), 3)
    np.testing.assert_allclose(found.shares, [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(found.of(np.array([[5.0, 2, 9]])), [[1, 0, 0]], atol=1e-12)
    same = principal_components(np.ones((4, 3)), 2)
    assert (same.shares.tolist(), same.of(np.ones((1, 3))).tolist()) == ([0, 0], [[0, 0]])
