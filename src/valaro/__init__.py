"""Emotion from voice and face, learnt from few labelled and many unlabelled recordings.

```python
labelled = valaro.read_corpus("table", "labelled/utterances.csv")
unlabelled = valaro.read_corpus("table", "unlabelled/utterances.csv")
features = valaro.extract(labelled + unlabelled, ["fbank", "face"], to="features", workers=2)
for fold in valaro.leave_one_session_out(labelled):
    model = valaro.train("MSSGAN", features, fold, unlabelled, dimension="valence", seed=0)
    print(fold.name, valaro.score(model, features, fold.test).uar)
for segment in valaro.predict_stream(model, "interview.mp4"):
    print(f"{segment.start:6.1f} s  {segment.level:6}  {segment.probability:.2f}")
```
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from valaro.api import extract as extract
    from valaro.api import load_model as load_model
    from valaro.api import predict_stream as predict_stream
    from valaro.api import read_corpus as read_corpus
    from valaro.api import save_model as save_model
    from valaro.api import score as score
    from valaro.api import train as train
    from valaro.errors import ValaroError as ValaroError
    from valaro.evaluation.folds import Fold as Fold
    from valaro.evaluation.folds import leave_one_session_out as leave_one_session_out

# ONNX Runtime (from 1.29) reports its use to its maker unless this is said before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "extract": "valaro.api",
    "load_model": "valaro.api",
    "read_corpus": "valaro.api",
    "save_model": "valaro.api",
    "score": "valaro.api",
    "train": "valaro.api",
    "predict_stream": "valaro.api",
    "ValaroError": "valaro.errors",
    "Fold": "valaro.evaluation.folds",
    "leave_one_session_out": "valaro.evaluation.folds",
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]  # the names above, imported on first use
__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Imported on first use: the command line's help must not wait for torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'valaro' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*_HOMES, "__version__"])
