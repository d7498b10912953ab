"""The terms of Eq. 4-7 against numbers worked out by hand."""

import math

import pytest
import torch

from valaro import losses


def test_realness_is_logsumexp_less_the_generated_logit() -> None:
    logits = torch.tensor([[0.0, 0.0, 0.0, 0.0], [math.log(2), math.log(3), math.log(5), math.log(4)]])
    assert losses.realness(logits).tolist() == pytest.approx([math.log(3), math.log(10 / 4)])


def test_labelled_terms_on_equal_logits() -> None:
    logits, soft_labels = torch.zeros(1, 4), torch.tensor([[0.5, 0.5, 0.0]])
    assert losses.labelled_conditional(logits, soft_labels).item() == pytest.approx(math.log(3))
    assert losses.labelled_joint(logits, soft_labels).item() == pytest.approx(math.log(4))


def test_labelled_terms_weigh_levels_by_their_votes() -> None:
    logits = torch.tensor([[math.log(1), math.log(2), math.log(5), 0.0]])
    soft_labels = torch.tensor([[0.25, 0.0, 0.75]])
    assert losses.labelled_conditional(logits, soft_labels).item() == pytest.approx(
        -(0.25 * math.log(1 / 8) + 0.75 * math.log(5 / 8)), abs=1e-6
    )
    assert losses.labelled_joint(logits, soft_labels).item() == pytest.approx(
        -(0.25 * math.log(1 / 9) + 0.75 * math.log(5 / 9)), abs=1e-6
    )


def test_real_and_generated_terms_are_the_log_odds_of_being_real() -> None:
    # exp(0) + exp(0) + exp(0) against exp(0): a real sample has probability 3/4.
    logits = torch.zeros(2, 4)
    assert losses.looks_real(logits).item() == pytest.approx(-math.log(3 / 4))
    assert losses.looks_generated(logits).item() == pytest.approx(-math.log(1 / 4))


def test_real_and_generated_terms_stay_finite_for_a_sure_classifier() -> None:
    logits = torch.tensor([[500.0, 0.0, 0.0, 0.0]])
    assert losses.looks_real(logits).item() == 0.0
    assert losses.looks_generated(logits).item() == pytest.approx(500.0)


def test_consistency_is_squared_distance_of_probabilities_and_a_tenth_of_that_of_features() -> None:
    sure = torch.tensor([[100.0, 0.0, 0.0, 7.0]])
    other = torch.tensor([[0.0, 100.0, 0.0, -7.0]])
    features = (torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 2.0]]))
    # ||(1,0,0) - (0,1,0)||^2 = 2; mean of (4, 0) = 2, a tenth of it 0.2. The generated logit plays no part.
    assert losses.consistency((sure, other), features).item() == pytest.approx(2.2)
    assert losses.consistency((sure, other), features, margin=2.0).item() == pytest.approx(0.2)
    assert losses.consistency((sure, other), features, margin=3.0).item() == 0.0


def test_consistency_sends_its_gradient_through_both_passes() -> None:
    first, second = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4, requires_grad=True)
    features = torch.zeros(3, 2)
    losses.consistency((first, second), (features, features)).backward()
    assert first.grad is not None
    assert second.grad is not None
    assert first.grad.abs().sum() > 0
    assert second.grad.abs().sum() > 0


def test_feature_matching_compares_means() -> None:
    generated = torch.tensor([[1.0, 0.0], [3.0, 0.0]])
    real = torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.0, 4.0]])
    # Means (2, 0) and (0, 2): squares 4 and 4, their mean 4.
    assert losses.feature_matching(generated, real).item() == pytest.approx(4.0)


def test_covariance_matching_compares_second_moments() -> None:
    generated = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    real = torch.tensor([[7.0, 0.0], [3.0, 0.0]])
    # Covariances [[1, 1], [1, 1]] and [[4, 0], [0, 0]]: squares 9, 1, 1, 1, their mean 3. Means play no part.
    assert losses.covariance_matching(generated, real).item() == pytest.approx(3.0)


def test_pull_away_is_the_mean_squared_cosine_of_different_samples() -> None:
    features = torch.tensor([[2.0, 0.0], [0.0, 5.0], [3.0, 3.0]])
    # Cosines 0, 1/sqrt 2 and 1/sqrt 2, each pair twice: (0 + 1/2 + 1/2) / 3.
    assert losses.pull_away(features).item() == pytest.approx(1 / 3)
    assert losses.pull_away(torch.ones(4, 3)).item() == pytest.approx(1.0)


def test_conditional_entropy_is_that_of_the_levels_alone() -> None:
    even, sure = torch.tensor([[0.0, 0.0, 0.0, 9.0]]), torch.tensor([[50.0, 0.0, 0.0, 9.0]])
    assert losses.conditional_entropy(even).item() == pytest.approx(math.log(3))
    assert losses.conditional_entropy(sure).item() == pytest.approx(0.0, abs=1e-6)


def test_agreement_teaches_the_student_and_leaves_the_teacher() -> None:
    student = torch.tensor([[100.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], requires_grad=True)
    teacher = torch.tensor([[0.0, 100.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]], requires_grad=True)
    # (1, 0, 0) against (0, 1, 0) is 2, equal ones 0: the mean 1.
    value = losses.agreement(student, teacher)
    assert value.item() == pytest.approx(1.0)
    value.backward()
    assert student.grad is not None
    assert teacher.grad is None


def test_pseudo_labels_are_learnt_with_their_weights() -> None:
    strong = torch.tensor([[math.log(1), math.log(2), math.log(5), 0.0]] * 2)
    weak = torch.tensor([[0.0, 0.0, 3.0, 99.0], [4.0, 0.0, 0.0, 99.0]])
    value = losses.pseudo_labelled(strong, weak, torch.tensor([1.0, 0.5]))
    assert value.item() == pytest.approx((-math.log(5 / 8) - 0.5 * math.log(1 / 8)) / 2, abs=1e-6)
