"""What finished runs show, as numbers that need no report.

Scores with intervals, differences between models, sanity checks, calibration, the effect of a varied setting, alarms,
and how all that stands beside the paper (`valaro.analysis.paper`). Facts are fields; no words are made here.

```python
from pathlib import Path
from valaro.analysis import dimension_results, sanity_checks
from valaro.experiments.run_folder import read_run

runs = [read_run(Path("runs/study"))]
results = dimension_results(runs)
for row in results[0].rows:
    print(row.model_result.label, row.uar.value, row.uar.low, row.uar.high)
for difference in results[0].differences:
    print(difference.question, difference.first, difference.second, difference.uar, difference.corrected)
warnings = [check for check in sanity_checks(runs, results) if check.state == "warning"]
```

Nothing is claimed without a run:

>>> dimension_results([])
()
"""

from valaro.analysis.alarms import AlarmRow, alarm_rows
from valaro.analysis.calibration import CalibrationRow, TemperatureScaling, calibration_rows
from valaro.analysis.data import Separation, separation
from valaro.analysis.differences import Difference, difference_between, differences
from valaro.analysis.model_results import ModelResult, model_results
from valaro.analysis.results import DimensionResults, ModelRow, dimension_results
from valaro.analysis.sanity import SanityCheck, sanity_checks
from valaro.analysis.varied import OverValues, over_values

__all__ = [
    "AlarmRow",
    "CalibrationRow",
    "Difference",
    "DimensionResults",
    "ModelResult",
    "ModelRow",
    "OverValues",
    "SanityCheck",
    "Separation",
    "TemperatureScaling",
    "alarm_rows",
    "calibration_rows",
    "difference_between",
    "differences",
    "dimension_results",
    "model_results",
    "over_values",
    "sanity_checks",
    "separation",
]
