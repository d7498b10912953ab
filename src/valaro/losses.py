"""The terms of Eq. 4-7, one pure function each.

K levels are told apart by logits l_1..l_K; logit K+1 says "generated". The implicit head fixes it at 0 (Salimans et al.
2016), which the functions see as one more column of zeros: one code for both heads. z = logsumexp(l_1..l_K) - l_{K+1}
is the log-odds of being real, so D(K+1|x) = sigmoid(-z).
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional


def realness(logits: Float[Tensor, "n outputs"]) -> Float[Tensor, " n"]:
    """Return z, the log-odds of a sample being real."""
    return logits[:, :-1].logsumexp(dim=1) - logits[:, -1]


def labelled_conditional(
    logits: Float[Tensor, "n outputs"], soft_labels: Float[Tensor, "n levels"]
) -> Float[Tensor, ""]:
    """Return -sum_k q_k log D(k|x, real): softmax over the K levels alone (Eq. 1), as both reference codes do."""
    return -(soft_labels * logits[:, :-1].log_softmax(dim=1)).sum(dim=1).mean()


def labelled_joint(logits: Float[Tensor, "n outputs"], soft_labels: Float[Tensor, "n levels"]) -> Float[Tensor, ""]:
    """Return -sum_k q_k log D(k|x): softmax over K+1, as printed (Eq. 4 and 6, line 1)."""
    return -(soft_labels * logits.log_softmax(dim=1)[:, :-1]).sum(dim=1).mean()


def looks_generated(logits: Float[Tensor, "n outputs"]) -> Float[Tensor, ""]:
    """Return -log D(K+1|G(z)) = softplus(z) for generated samples (Eq. 4 and 6, line 2)."""
    return functional.softplus(realness(logits)).mean()


def looks_real(logits: Float[Tensor, "n outputs"]) -> Float[Tensor, ""]:
    """Return -log(1 - D(K+1|x)) = softplus(z) - z for real samples (Eq. 4 and 6, line 3)."""
    return functional.softplus(-realness(logits)).mean()


def consistency(
    logits: tuple[Float[Tensor, "n outputs"], Float[Tensor, "n outputs"]],
    features: tuple[Float[Tensor, "n f"], Float[Tensor, "n f"]],
    *,
    margin: float = 0.0,
) -> Float[Tensor, ""]:
    """Return the CT term: two stochastic passes of the same real samples should agree (Eq. 4 and 6; Wei et al. 2018).

    mean_i max(0, d_i - M'), d = ||p' - p''||^2 + 0.1 mean_dim (f' - f'')^2; the gradient flows through both passes.
    p is the softmax over the K levels.
    """
    first, second = (scores[:, :-1].softmax(dim=1) for scores in logits)
    distance = (first - second).square().sum(dim=1) + 0.1 * (features[0] - features[1]).square().mean(dim=1)
    return (distance - margin).clamp_min(0).mean()


def feature_matching(generated: Float[Tensor, "n f"], real: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
    """Return mean_dim (E f(G(z)) - E f(x))^2, the generator's loss (Eq. 5 and 7); D(G(x)) in Eq. 7 is D(x)."""
    return (generated.mean(dim=0) - real.mean(dim=0)).square().mean()


def covariance_matching(generated: Float[Tensor, "n f"], real: Float[Tensor, "m f"]) -> Float[Tensor, ""]:
    """Return mean_ij (C_ij(G(z)) - C_ij(x))^2: second moments matched beside the means (Mroueh et al. 2017, McGan)."""
    ours, theirs = (x - x.mean(dim=0) for x in (generated, real))
    return (ours.T @ ours / len(ours) - theirs.T @ theirs / len(theirs)).square().mean()


def pull_away(features: Float[Tensor, "n f"]) -> Float[Tensor, ""]:
    """Return the mean squared cosine between different samples' features: small where the generator varies.

    Eq. 4 of Dai et al. 2017 (bad GAN), after Zhao et al. 2017.
    """
    unit = functional.normalize(features, dim=1)
    cosines = (unit @ unit.T).square()
    count = len(features)
    return (cosines.sum() - cosines.diagonal().sum()) / (count * (count - 1))


def conditional_entropy(logits: Float[Tensor, "n outputs"]) -> Float[Tensor, ""]:
    """Return -sum_k p_k log p_k over the K levels, averaged over unlabelled real samples (Dai et al. 2017, Eq. 6)."""
    log_p = logits[:, :-1].log_softmax(dim=1)
    return -(log_p.exp() * log_p).sum(dim=1).mean()


def agreement(student: Float[Tensor, "n outputs"], teacher: Float[Tensor, "n outputs"]) -> Float[Tensor, ""]:
    """Return the mean of ||p - p'||^2 with p' of an averaged teacher, through which no gradient flows.

    Tarvainen & Valpola 2017 (Mean Teacher).
    """
    p, target = student[:, :-1].softmax(dim=1), teacher[:, :-1].softmax(dim=1).detach()
    return (p - target).square().sum(dim=1).mean()


def pseudo_labelled(
    strong: Float[Tensor, "n outputs"], weak: Float[Tensor, "n outputs"], weights: Float[Tensor, " n"]
) -> Float[Tensor, ""]:
    """Return the mean of w_i times the cross-entropy of the strong view with the weak view's most probable level.

    FixMatch's term (Sohn et al. 2020); what the weights are makes the method: see `training.soft_weights`.
    """
    levels = weak[:, :-1].argmax(dim=1)
    return (weights * functional.cross_entropy(strong[:, :-1], levels, reduction="none")).mean()
