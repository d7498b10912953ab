"""What must be said before a study begins: too little to learn from, and labels left aside."""

from collections.abc import Iterable, Iterator, Sequence

from valaro.evaluation.folds import Fold
from valaro.evaluation.unlabelled import FEW
from valaro.experiments.data import StudyData
from valaro.records import Dimension
from valaro.training.config import TrainConfig
from valaro.training.methods import METHODS, ModelSpec
from valaro.training.training_data import Offered, offer

Asked = tuple[ModelSpec, Fold, Dimension, int, TrainConfig]
"""A training: its model, fold, dimension, seed and plan."""


def warnings_before(trainings: Iterable[Asked], data: StudyData) -> tuple[str, ...]:
    """Return a sentence for each thing that a user would rather hear before the trainings than after.

    Raises:
        ValaroError: one of them may learn from no unlabelled recording though it has to, or from no label.
    """
    offers: dict[tuple[object, ...], Offered] = {}
    aside: dict[tuple[Dimension, int], str] = {}
    for spec, fold, dimension, seed, config in trainings:
        # A training that asks for no unlabelled recordings answers nothing for one that must have some.
        needs_pool = METHODS[spec.method].is_semi_supervised and not config.asks_for_none
        per_level = config.labels_per_class
        # Folds of a session that differ in who validates hold out the same people.
        key = (needs_pool, spec.features, dimension, fold.held_out_sessions, per_level)
        if key not in offers:
            offers[key] = offer(
                spec, data.store, fold, data.unlabelled_for(dimension), dimension=dimension, seed=seed, config=config
            )
        kept, labels = len(offers[key].labelled), sum(utterance.is_labelled(dimension) for utterance in fold.train)
        if per_level is not None and kept < labels:
            aside.setdefault((dimension, per_level), _labels_aside(dimension, per_level, kept, labels))
    semi = [offered for (needs_pool, *_), offered in offers.items() if needs_pool]
    return (*aside.values(), *_few_unlabelled(semi), *_strangers(semi))


def _labels_aside(dimension: Dimension, per_level: int, kept: int, labels: int) -> str:
    return (
        f"ONLY {kept} OF {labels} {dimension} labels are learnt from: study.labels_per_class = {per_level} keeps so "
        "many a level and takes the others for unlabelled; leave the setting out to learn from all"
    )


def _few_unlabelled(offers: Sequence[Offered]) -> Iterator[str]:
    few = sorted((len(o.unlabelled), f"{o.fold}, {o.dimension}") for o in offers if len(o.unlabelled) < FEW)
    if few:
        least, which = few[0]
        yield (
            f"FEWER THAN {FEW} unlabelled recordings in {len(few)} of {len(offers)} trainings looked at "
            f"({least} in '{which}'): semi-supervised models have next to nothing to learn from; valaro check says why"
        )


def _strangers(offers: Sequence[Offered]) -> Iterator[str]:
    most = max((offered.strangers for offered in offers), default=0)
    if most:
        yield (
            f"{most} unlabelled recordings have no speaker's name and are taken for OTHER PEOPLE than those held out: "
            "if a held-out person is among them, that person is learnt from; --speaker-from or --speakers of "
            "valaro read recordings names the speakers"
        )
