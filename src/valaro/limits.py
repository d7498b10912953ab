"""The most that a file may claim or cost: every limit of valaro, with its default."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches

from valaro.errors import all_at_once

VARIABLE = "VALARO_LIMITS"
"""The environment variable that replaces defaults, as in `longest_gap=1200,most_pixels=80000000`."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What is accepted; beyond it a recording is refused, or a problem is reported, before anything is computed."""

    most_seeds: int = 1_000
    """Seeds of one study."""
    most_variants: int = 1_000
    """Combinations of the values that one study varies."""
    most_trainings: int = 100_000
    """Seeds times dimensions times variants of one study; each is trained for every fold and model."""
    most_steps: int = 10_000_000
    """Updates of one training."""
    most_rounds: int = 1_000
    """Rounds in which one training takes pseudo-labels."""
    largest_batch: int = 65_536
    """Samples of one update."""
    largest_width: float = 16.0
    """How many times as wide as the paper's a network may be."""
    lowest_sample_rate: int = 1_000
    """Samples a second of sound below which its header is taken for damage."""
    highest_sample_rate: int = 768_000
    """Samples a second of sound above which its header is taken for damage."""
    most_pixels: int = 40_000_000
    """Pixels of one picture; an 8K camera's are 35 million."""
    longest_side: int = 16_384
    """Pixels of a picture's longer side."""
    most_streams: int = 64
    """Tracks of sound, picture, text and data in one recording."""
    most_channels: int = 64
    """Channels of one sound."""
    longest_recording: float = 24 * 3600.0
    """Seconds of one recording; what follows is left out, and said."""
    longest_gap: float = 600.0
    """Seconds without any data for which silence or the last picture stands in; a longer gap is taken for damage."""
    most_gap_share: float = 20.0
    """Seconds of gaps that may be filled for each second that was decoded, beyond the first `longest_gap` of them."""
    longest_read: float = 10.0
    """Seconds for which the next piece of a recording is looked for, in gigabytes of zeros for instance."""
    most_picture_bytes: int = 32 << 20
    """Bytes of a picture file that is to show one face."""
    most_picture_probe: int = 4
    """Times `most_pixels` with which a picture is still looked at, for the size that it claims."""
    most_network_bytes: int = 64 << 20
    """Bytes of the file of a network of faces."""
    most_network_numbers: int = 64 << 20
    """Numbers that all layers of a network of faces give for one face; the paper's network gives a fifth of them."""
    most_modalities: int = 16
    """Features that one network takes."""
    most_feature_channels: int = 16_384
    """Channels of one feature that a network takes."""
    most_annotation_bytes: int = 16 << 20
    """Bytes of an annotation that a corpus brings, as XML or as text; the longest of AMI's has 300,000."""
    most_json_bytes: int = 64 << 20
    """Bytes of a JSON, TOML or YAML file, or of such a text inside another file."""
    deepest_json: int = 64
    """Lists and objects inside each other in JSON, TOML or YAML."""
    most_rows: int = 2_000_000
    """Rows of one table."""
    most_table_bytes: int = 256 << 20
    """Bytes that the values of a Parquet table take once repeated ones are written out."""
    most_weight_bytes: int = 4 << 30
    """Bytes of the weights of one model, or of the state of one training."""


def limits_from(environment: Mapping[str, str]) -> Limits:
    """Return the limits with what an environment replaces of them.

    Raises:
        ValaroError: an unknown name, or a value that is no number above 0; all of them at once.

    >>> limits_from({"VALARO_LIMITS": "longest_gap=1200, most_streams=8"}).longest_gap
    1200.0
    """
    given: dict[str, float] = {}
    faults: list[str] = []
    for part in filter(None, (part.strip() for part in environment.get(VARIABLE, "").split(","))):
        name, _, text = (piece.strip() for piece in part.partition("="))
        try:
            given[name] = _number(name, text)
        except ValueError as error:
            faults.append(str(error))
    if faults:
        legal = ", ".join(field.name for field in fields(Limits))
        raise all_at_once(
            f"the environment variable {VARIABLE} is not as in {VARIABLE}='longest_gap=1200,most_pixels=80000000':",
            [*faults, f"the limits are {legal}"],
        )
    return replace(Limits(), **given)


def _number(name: str, text: str) -> float:
    defaults = {field.name: field.default for field in fields(Limits)}
    if name not in defaults:
        near = get_close_matches(name, defaults, n=1)
        raise ValueError(f"unknown limit '{name}'" + (f": did you mean '{near[0]}'?" if near else ""))
    kind, words = (int, "a whole number") if isinstance(defaults[name], int) else (float, "a number")
    try:
        value = kind(text)
    except ValueError:
        value = math.nan
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"{name} is '{text}', expected {words} above 0")
    return value


LIMITS = limits_from(os.environ)
"""The limits that hold: in worker processes, too, which have the same environment."""
