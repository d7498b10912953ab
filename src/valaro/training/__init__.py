"""Training, from batches of crops to a model; it needs torch and scikit-learn, which the base install leaves out."""

from importlib.util import find_spec

from valaro.errors import ValaroError

if find_spec("torch") is None or find_spec("sklearn") is None:
    raise ValaroError(
        "training needs torch and scikit-learn, which this installation leaves out: pip install 'valaro[train]'"
    )
