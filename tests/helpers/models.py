"""Makes small untrained models whose answers differ from row to row, for tests of what is done with models."""

from collections.abc import Mapping

import numpy as np
import torch

from valaro.networks.fusion import FusionClassifier
from valaro.networks.shapes import Modality, NetworkShape
from valaro.normalise import FeatureStats
from valaro.records import CorpusNote, Dimension
from valaro.training.config import DEFAULT
from valaro.training.trained_model import TrainedModel
from valaro.windows import WindowSpec


def a_model(
    dims: Mapping[str, int],
    *,
    dimension: Dimension = "valence",
    seed: int = 0,
    mean: float = 0.0,
    deviation: float = 1.0,
    version: str = "1",
    normalise_speakers: bool = False,
    notes: tuple[CorpusNote, ...] = (),
) -> TrainedModel:
    """Return a model of the features in `dims` (name -> numbers a row), each scaled by `mean` and `deviation`."""
    shape = NetworkShape(
        modalities=tuple(Modality(name=name, dim=dim, spectrum=name != "face") for name, dim in dims.items()),
        layout="temporal",
        width=0.125,
        regularisation=DEFAULT.regularisation,
        explicit_head=False,
    )
    generator = torch.Generator().manual_seed(seed)
    classifier = FusionClassifier(shape, generator=generator)
    # The layers' scales come from a batch, as in training: else all answers are much alike.
    batch = {name: torch.randn((8, dim, 128), generator=generator) for name, dim in dims.items()}
    classifier(batch, start=True)
    return TrainedModel(
        label="SSGAN" if len(dims) == 1 else "MSSGAN",
        dimension=dimension,
        classifier=classifier,
        shape=shape,
        window=WindowSpec(scaling="speaker" if normalise_speakers else "training"),
        features=tuple(dims),
        feature_versions=(version,) * len(dims),
        scale={
            name: FeatureStats(mean=np.full(dim, mean, np.float32), deviation=np.full(dim, deviation, np.float32))
            for name, dim in dims.items()
        },
        acquainted=(),
        notes=notes,
    )
