"""How much faster is one adversarial update than the one the paper prints, and what does it come to at paper size?

    python benchmarks/training_step.py [--cases temporal image] [--repeats 5] [--profile]
    python benchmarks/training_step.py --paper [--steps 3] [--peak TFLOPS]

The package's side is its own loop, `fit_adversarial`, with its networks, its noise and its fused Adam. The literal side
is what one would write first: nn.Conv1d or nn.Conv2d under torch's weight norm, nn.BatchNorm, nn.Dropout and fresh
torch.randn for noise, a pass of D for each term, Adam as it comes, and for G's step new samples from the same z and a
new look at the real ones. `careful` is the literal side with D's parameters frozen while G learns. Each side gets its
crops as it likes them best: the package as its store hands them out, the literal one contiguous. Drawing the crops,
masks, averaging and validation are no part of either. Losses are compared first, on the same noise and weights, and
nothing is timed unless they agree to 1e-5.

--paper takes steps of the preset `paper` at full width on voice (128) and face (342); on a GPU if there is one.
"""

import argparse
import math
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, cast
from unittest import mock

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations
from torch.profiler import profile
from torch.utils.flop_counter import FlopCounterMode

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests" / "training"))

from literal_step import Crops, SharedNoise, loss_of_d, loss_of_g, terms_of_d

from valaro.networks.fusion import LATENT, ClassifierOutput, FusionClassifier, FusionGenerator
from valaro.networks.image import ImageEncoder, ImageGenerator
from valaro.networks.layer import Layer
from valaro.networks.shapes import Modality, NetworkShape
from valaro.networks.temporal import TemporalEncoder, TemporalGenerator
from valaro.training import adversarial
from valaro.training.augmentation import Augmentation
from valaro.training.batches import Batch
from valaro.training.config import DEFAULT, PAPER, LossWeights, Schedule, TrainConfig
from valaro.training.context import TrainerContext
from valaro.training.loop import TrainingLoop
from valaro.training.rng import torch_stream
from valaro.training.runtime import compute_context, keep_memory

AGREE = 1e-5

Plain = nn.Conv1d | nn.Conv2d | nn.Linear
"""A layer as the literal side has it."""
Kind = TypeVar("Kind", bound=nn.Module)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A plan, the modalities, and how many updates a repeat times."""

    config: TrainConfig
    modalities: tuple[Modality, ...]
    steps: int

    @property
    def shape(self) -> NetworkShape:
        return NetworkShape(
            modalities=self.modalities,
            layout=self.config.layout,
            width=self.config.width,
            regularisation=self.config.regularisation,
            explicit_head=self.config.explicit_head,
        )


_VOICE = Modality(name="fbank", dim=128, spectrum=True, averaged=2)
_FACE = Modality(name="face", dim=128)
_TEMPORAL = replace(
    DEFAULT,
    width=1.0,
    averaged_frames=1,
    schedule=replace(DEFAULT.schedule, encoder_lr_fraction=1.0, embedding_lr_fraction=1.0),
    terms=replace(DEFAULT.terms, real=1.0, fake=1.0, covariance=0.0, head_l2=0.0),
)
"""The temporal layout with the terms as printed and nothing beside its convolutions: what the literal side has too."""
CASES = {
    "temporal fbank": Case(config=_TEMPORAL, modalities=(_VOICE,), steps=40),
    "temporal fbank+face": Case(config=_TEMPORAL, modalities=(_VOICE, _FACE), steps=40),
    "temporal narrow": Case(config=replace(_TEMPORAL, width=DEFAULT.width), modalities=(_VOICE,), steps=40),
    "image fbank": Case(config=replace(PAPER, width=0.125), modalities=(replace(_VOICE, averaged=1),), steps=1),
}
FULL = Case(config=PAPER, modalities=(replace(_VOICE, averaged=1), Modality(name="face", dim=342)), steps=3)


# --- the literal networks -------------------------------------------------------------------------


class Afresh:
    """Noise as one writes it first; `SharedNoise` takes its place where losses are compared."""

    def without_modality(self, inputs: Crops, rate: float) -> Crops:
        assert rate == 0
        return inputs

    def gaussian(self, x: Tensor, deviation: float) -> Tensor:
        return x + deviation * torch.randn_like(x) if deviation else x

    def dropout(self, x: Tensor, rate: float) -> Tensor:
        return functional.dropout(x, rate)


class LiteralEncoder(nn.Module):
    """The convolutions of one modality, with the weights of the package's encoder."""

    def __init__(self, modality: Modality, shape: NetworkShape, ours: nn.Module) -> None:
        super().__init__()
        assert isinstance(ours, TemporalEncoder | ImageEncoder)
        self.modality, self.regularisation, self.is_image = modality, shape.regularisation, shape.layout == "image"
        kind = partial_convolution(is_image=self.is_image)
        layers = all_of(Layer, ours.layers)
        widths = [layers[0].weight.shape[1], *(layer.weight.shape[0] for layer in layers)]
        self.layers = nn.ModuleList(
            with_weights(kind(i, o), layer) for (i, o), layer in zip(pairwise(widths), layers, strict=True)
        )

    def forward(self, x: Tensor, noise: Any) -> Tensor:  # noqa: ANN401
        if self.is_image:
            x = functional.pad(x, (0, 0, 0, -x.shape[1] % 16)).unsqueeze(1)
        for depth, layer in enumerate(self.layers):
            x = noise.gaussian(x, self.regularisation.hidden_noise if depth else self.regularisation.input_noise)
            if depth and self.regularisation.dropout:
                x = noise.dropout(x, self.regularisation.dropout)
            x = functional.leaky_relu(layer(x), 0.2)
        if self.is_image:
            return x.flatten(1)
        return torch.cat([x.mean(dim=2), torch.sqrt(x.var(dim=2, unbiased=False) + 1e-6)], dim=1)


class LiteralClassifier(nn.Module):
    """D over all modalities, with the weights of the package's."""

    def __init__(self, ours: FusionClassifier) -> None:
        super().__init__()
        self.dropout = ours.shape.regularisation.dropout
        self.encoders = nn.ModuleDict(
            {m.name: LiteralEncoder(m, ours.shape, ours.encoders[m.name]) for m in ours.shape.modalities}
        )
        outputs, features = ours.head.weight.shape
        self.head = with_weights(nn.Linear(features, outputs), ours.head)

    def forward(self, inputs: Crops, noise: Any) -> ClassifierOutput:  # noqa: ANN401
        inputs = noise.without_modality(inputs, 0.0)
        features = torch.cat([encoder(inputs[name], noise) for name, encoder in self.encoders.items()], dim=1)
        logits = self.head(noise.dropout(features, self.dropout) if self.dropout else features)
        return ClassifierOutput(logits=functional.pad(logits, (0, 1)), features=features, embedding=features)


class LiteralGenerator(nn.Module):
    """G of one modality, with the weights of the package's."""

    def __init__(self, ours: nn.Module, *, is_image: bool) -> None:
        super().__init__()
        assert isinstance(ours, TemporalGenerator | ImageGenerator)
        self.first = tuple(ours._first)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.dim = ours._bands if isinstance(ours, ImageGenerator) else None  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        self.project = nn.Linear(LATENT, math.prod(self.first))
        weight, bias = ours.project.weight.data, ours.project.bias.data
        if not is_image:
            # The package's temporal generator projects to [time channels].
            weight, bias = (
                x.unflatten(0, self.first[::-1]).transpose(0, 1).flatten(0, 1).clone() for x in (weight, bias)
            )
        self.project.weight.data.copy_(weight)
        self.project.bias.data.copy_(bias)
        norm = nn.BatchNorm2d if is_image else nn.BatchNorm1d
        layers = all_of(nn.ConvTranspose2d if is_image else nn.ConvTranspose1d, ours.layers)
        widths = [layer.weight.shape[0] for layer in layers]
        self.norms = nn.ModuleList(norm(width) for width in widths)
        for mine, other in zip(self.norms, ours.norms, strict=True):
            mine.load_state_dict(other.state_dict())
        self.layers = nn.ModuleList()
        for layer in layers:
            i, o = layer.weight.shape[:2]
            fake = (
                nn.ConvTranspose2d(i, o, 5, stride=2, padding=2, output_padding=1)
                if is_image
                else nn.ConvTranspose1d(i, o, 4, stride=2, padding=1)
            )
            fake.load_state_dict(layer.state_dict())
            self.layers.append(fake)

    def forward(self, z: Tensor) -> Tensor:
        x = self.project(z).view(-1, *self.first)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            x = layer(functional.relu(norm(x)))
        return x if self.dim is None else x[:, 0, : self.dim]


def all_of(kind: type[Kind], modules: Iterable[nn.Module]) -> list[Kind]:
    """Return the modules, each of which is of this kind: what a list of torch's holds it knows as modules alone."""
    found: list[Kind] = []
    for module in modules:
        assert isinstance(module, kind)
        found.append(module)
    return found


def partial_convolution(*, is_image: bool) -> Callable[[int, int], Plain]:
    """Return the convolution of a layout, by inputs and outputs."""
    if is_image:
        return lambda i, o: nn.Conv2d(i, o, 5, stride=2, padding=2)
    return lambda i, o: nn.Conv1d(i, o, 4, stride=2, padding=1)


def with_weights(layer: Plain, ours: Layer) -> Plain:
    """Give a layer the weights of the package's, and torch's own weight norm, its length held, where they have it."""
    layer.weight.data.copy_(ours.weight.data)
    assert layer.bias is not None
    layer.bias.data.copy_(ours.bias.data)
    if ours.weight_norm:
        parametrizations.weight_norm(layer)
        length, direction = (layer.get_parameter(f"parametrizations.weight.original{place}") for place in (0, 1))
        length.data.copy_(ours.gain.reshape(length.shape))
        length.requires_grad_(ours.gain.requires_grad)
        direction.data.copy_(ours.weight.data)
    return layer


# --- both sides' updates --------------------------------------------------------------------------


class Stopwatch:
    """Stands where the package has its progress: a step for nothing, then `steps` of them by the clock."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self.cpu = self.wall = math.nan
        self.losses: list[dict[str, float]] = []

    def register(self, _: str, part: Any) -> Any:  # noqa: ANN401
        return part

    def steps(self) -> Iterator[int]:
        yield 0
        self._wait()
        cpu, wall = time.process_time(), time.perf_counter()
        yield from range(1, 1 + self._steps)
        self._wait()
        self.cpu = (time.process_time() - cpu) / max(self._steps, 1)
        self.wall = (time.perf_counter() - wall) / max(self._steps, 1)

    def after_step(self, losses: Mapping[str, Tensor], _: object = None) -> None:
        self.losses.append({name: loss.item() for name, loss in losses.items()})

    @staticmethod
    def _wait() -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()


class Same:
    """The same batch for ever."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def draw_labelled(self) -> tuple[dict[str, Tensor], Tensor]:
        return self._batch.labelled, self._batch.soft_labels

    def draw(self) -> Batch:
        return self._batch


Side = Callable[[FusionClassifier, FusionGenerator, Batch, Schedule, LossWeights, Stopwatch], None]


def package(
    classifier: FusionClassifier,
    generator: FusionGenerator,
    batch: Batch,
    schedule: Schedule,
    terms: LossWeights,
    watch: Stopwatch,
) -> None:
    """Run the package's loop."""
    augment = Augmentation(classifier.shape.modalities, torch_stream(0, "masks"), masks=False)
    context = TrainerContext(
        classifier=classifier,
        batches=Same(batch),
        augment=augment,
        loop=cast("TrainingLoop[FusionClassifier]", watch),
        schedule=schedule,
        terms=terms,
        seed=0,
    )
    adversarial.fit_adversarial(context, generator)


def literal(
    ours: FusionClassifier,
    our_generator: FusionGenerator,
    batch: Batch,
    schedule: Schedule,
    terms: LossWeights,
    watch: Stopwatch,
    *,
    careful: bool = False,
    noises: Callable[[int], Any] = lambda _: Afresh(),
) -> None:
    """Run Algorithm 1 as it is printed; `noises` makes the noise of D's four passes (0-3) and of G's two (4, 1)."""
    classifier = LiteralClassifier(ours)
    generators = nn.ModuleDict(
        {
            name: LiteralGenerator(part, is_image=ours.shape.layout == "image")
            for name, part in our_generator.parts.items()
        }
    )
    embedding = [parameter for parameter in classifier.parameters() if parameter.requires_grad]
    d_steps = torch.optim.Adam(embedding, lr=schedule.learning_rate, betas=(schedule.beta1, 0.999))
    g_steps = torch.optim.Adam(generators.parameters(), lr=schedule.learning_rate, betas=(schedule.beta1, 0.999))
    labelled, real, second_view = (contiguous(part) for part in (batch.labelled, batch.real, batch.second_view))
    latent = torch_stream(0, "z")
    for step in watch.steps():
        z = torch.randn((schedule.batch_size, LATENT), generator=latent)

        with torch.no_grad():
            generated = {name: part(z) for name, part in generators.items()}
        found = terms_of_d(
            classifier,
            [labelled, real, second_view, generated],
            batch.soft_labels,
            [noises(part) for part in range(4)],
            joint=terms.k_plus_one_softmax,
            margin=terms.margin,
        )
        d_steps.zero_grad()
        loss_of_d(found, consistency=terms.consistency * terms.share(step)).backward()
        if schedule.grad_clip_norm:
            nn.utils.clip_grad_norm_(embedding, schedule.grad_clip_norm)
        d_steps.step()

        generated = {name: part(z) for name, part in generators.items()}
        if careful:
            for parameter in embedding:
                parameter.requires_grad_(False)
        matching = loss_of_g(classifier, generated, real, noises(4), noises(1))
        g_steps.zero_grad()
        matching.backward()
        if schedule.grad_clip_norm:
            nn.utils.clip_grad_norm_(generators.parameters(), schedule.grad_clip_norm)
        g_steps.step()
        for parameter in embedding:
            parameter.requires_grad_(True)
        watch.after_step({**found, "generator": matching})


def careful(*arguments: Any) -> None:  # noqa: ANN401
    """Run the literal side with D frozen while G learns."""
    literal(*arguments, careful=True)


SIDES: dict[str, Side] = {"literal": literal, "careful": careful, "package": package}


def contiguous(crops: Crops) -> dict[str, Tensor]:
    """Return the crops with the frames of a channel side by side."""
    return {name: crop.contiguous() for name, crop in crops.items()}


# --- comparing, timing ----------------------------------------------------------------------------


def make(case: Case, batch: int, device: torch.device | str = "cpu") -> tuple[FusionClassifier, FusionGenerator, Batch]:
    """Return networks from fixed seeds and a batch of noise, laid out as the store hands it out."""
    source = torch_stream(0, "benchmark")

    def crops() -> dict[str, Tensor]:
        return {
            m.name: torch.randn((batch, 128, m.bands), generator=source).to(device).transpose(1, 2)
            for m in case.modalities
        }

    classifier = FusionClassifier(case.shape, generator=source).to(device)
    with torch.no_grad():
        classifier({name: crop[:64] for name, crop in crops().items()}, start=True)
    generator = FusionGenerator(case.shape, generator=source).to(device)
    soft_labels = torch.rand((batch, 3), generator=source).softmax(dim=1).to(device)
    return classifier, generator, Batch(labelled=crops(), soft_labels=soft_labels, real=crops(), second_view=crops())


def compare(case: Case) -> bool:
    """Print each loss of both sides at the same weights, on the same noise, and return whether they agree."""
    rows = 4 * case.config.schedule.batch_size
    # At rate 0 nothing moves: G's literal step, which looks at the real samples again, sees the same D.
    schedule = replace(case.config.schedule, learning_rate=0.0)
    mine, theirs = Stopwatch(0), Stopwatch(0)
    with mock.patch.object(adversarial, "Noise", return_value=SharedNoise(rows=rows)):
        package(*make(case, schedule.batch_size), schedule, case.config.terms, mine)
    literal(
        *make(case, schedule.batch_size),
        schedule,
        case.config.terms,
        theirs,
        noises=lambda part: SharedNoise(rows=rows, first=part % 4 * schedule.batch_size, number=part // 4),
    )
    agree = mine.losses[0].keys() == theirs.losses[0].keys()
    for name, loss in theirs.losses[0].items():
        difference = abs(mine.losses[0][name] - loss)
        agree = agree and difference <= AGREE
        print(f"  {name:12s} literal {loss:.7f}  package {mine.losses[0][name]:.7f}  difference {difference:.1e}")
    return agree


def time_case(case: Case, repeats: int) -> None:
    """Time the sides in turn and print minimum and median of CPU and wall seconds an update, ratios last."""
    schedule, terms = case.config.schedule, case.config.terms
    cpu: dict[str, list[float]] = {name: [] for name in SIDES}
    wall: dict[str, list[float]] = {name: [] for name in SIDES}
    for repeat in range(repeats):
        for name in [*SIDES][:: 1 if repeat % 2 else -1]:
            watch = Stopwatch(case.steps)
            SIDES[name](*make(case, schedule.batch_size), schedule, terms, watch)
            if not all(math.isfinite(loss) for losses in watch.losses for loss in losses.values()):
                sys.exit(f"{name}: a loss is not finite: {watch.losses[-1]}")
            cpu[name].append(watch.cpu)
            wall[name].append(watch.wall)
    for name in SIDES:
        print(
            f"  {name:8s} ms an update: CPU minimum {1e3 * min(cpu[name]):.1f}, median "
            f"{1e3 * statistics.median(cpu[name]):.1f}; wall minimum {1e3 * min(wall[name]):.1f}, median "
            f"{1e3 * statistics.median(wall[name]):.1f}"
        )
    for name in ("literal", "careful"):
        least = min(cpu[name]) / min(cpu["package"])
        middle = statistics.median(cpu[name]) / statistics.median(cpu["package"])
        print(f"  {name} / package, CPU: {least:.2f} (minimum), {middle:.2f} (median)", flush=True)


def profile_case(case: Case) -> None:
    """Print the operators that take each side most time."""
    for name in ("literal", "package"):
        with profile() as seen:
            SIDES[name](
                *make(case, case.config.schedule.batch_size),
                case.config.schedule,
                case.config.terms,
                Stopwatch(case.steps),
            )
        print(f"  {name}, {1 + case.steps} updates and the networks' making")
        print(seen.key_averages().table(sort_by="self_cpu_time_total", row_limit=16, max_name_column_width=50))


# --- paper size -----------------------------------------------------------------------------------


def operations(case: Case) -> float:
    """Return the floating-point operations of one sample's share of an update, counted on two samples."""
    schedule = replace(case.config.schedule, batch_size=2)
    with FlopCounterMode(display=False) as counter:
        package(*make(case, 2), schedule, case.config.terms, Stopwatch(0))
    return counter.get_total_flops() / 2


def paper(steps: int, batch: int, peak: float | None) -> None:
    """Take steps at full width and print whether losses are finite, time, memory, rate of operations."""
    case, device = FULL, "cuda" if torch.cuda.is_available() else "cpu"
    each = operations(case)
    schedule, watch = replace(case.config.schedule, batch_size=batch), Stopwatch(steps - 1)
    networks = make(case, batch, device)
    print(f"paper preset, full width, {' and '.join(f'{m.name} {m.dim}' for m in case.modalities)}, batch {batch}")
    for name, network in (("D", networks[0]), ("G", networks[1])):
        print(f"  {name}: {sum(p.numel() for p in network.parameters()) / 1e6:.1f} M parameters")
    begun = time.perf_counter()
    with compute_context(case.config.layout, "auto", torch.device(device)):
        package(*networks, schedule, case.config.terms, watch)
    # With one step there is none after the first, which then has to do.
    seconds = watch.wall if steps > 1 else time.perf_counter() - begun
    for number, losses in enumerate(watch.losses, start=1):
        terms = "  ".join(f"{name} {loss:.4g}" for name, loss in losses.items())
        finite = "finite" if all(math.isfinite(loss) for loss in losses.values()) else "NOT FINITE"
        print(f"  step {number}: {finite}  {terms}")
    rate = each * batch / seconds / 1e12
    share = f", {100 * rate / peak:.0f} % of {peak:g}" if peak else ""
    print(f"  {seconds:.3g} s a step; {each * batch / 1e12:.1f} TFLOP a step, {rate:.3g} TFLOP/s{share}")
    print(f"  peak resident memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GiB")
    if device == "cuda":
        print(f"  peak memory of {torch.cuda.get_device_name()}: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def main() -> None:
    """Compare and time the cases, or take the steps at paper size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", default=["temporal", "image"], help="those whose names begin so")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--profile", action="store_true", help="print the dearest operators instead of timing")
    parser.add_argument("--paper", action="store_true", help="full width; minutes and many gigabytes on a CPU")
    parser.add_argument("--steps", type=int, default=3, help="of --paper")
    parser.add_argument("--batch", type=int, default=PAPER.schedule.batch_size, help="of --paper")
    parser.add_argument("--peak", type=float, help="of --paper: the machine's TFLOP/s, to say what share was reached")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_memory()
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"torch {torch.__version__}, {options.threads} threads, load {load}")
    if options.paper:
        paper(options.steps, options.batch, options.peak)
        return
    for name, case in CASES.items():
        if not name.startswith(tuple(options.cases)):
            continue
        print(f"{name}: batch {case.config.schedule.batch_size}, width {case.config.width:g}")
        if not compare(case):
            sys.exit(f"the losses differ by more than {AGREE}: nothing is timed")
        if options.profile:
            profile_case(case)
        else:
            time_case(case, options.repeats)
    print(f"load {' '.join(f'{value:.1f}' for value in os.getloadavg())}")


if __name__ == "__main__":
    main()
