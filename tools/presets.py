"""Write docs/presets.md: every value in which the presets differ from the paper and from each other, in one table.

python tools/presets.py            # write it anew
python tools/presets.py --check    # exit code 1 where it is not up to date
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from generated_page import write_or_check

from valaro.experiments.sections import all_settings
from valaro.training.config import DEFAULT, PAPER, config_values

PAGE = Path(__file__).parents[1] / "docs" / "presets.md"

NOTHING, SILENT = "nothing of the kind", "not printed"

PRINTED: dict[str, str] = {
    "normalisation": "three named, four listed (Fig. 7)",
    "max_unlabelled": "20,000 (25,000 in Fig. 6)",
    "layout": "image: 5x5 convolutions, stride 2",
    "width": "D 128 256 512 1024, G 512 256 128 64",
    "averaged_bands": "each band by itself",
    "averaged_frames": "each frame by itself",
    "explicit_head": "K+1 outputs",
    "input_noise": NOTHING,
    "hidden_noise": NOTHING,
    "dropout": "0.2 after each convolution",
    "weight_norm": NOTHING,
    "statistics": NOTHING,
    "standardised": NOTHING,
    "encoder_scale": NOTHING,
    "zero_head": NOTHING,
    "generates": "inputs",
    "views": "two passes of the same sample",
    "frequency_shift": NOTHING,
    "balanced": SILENT,
    "steps": SILENT,
    "batch_size": "64",
    "learning_rate": "0.0002 (Adam)",
    "lr_decay_fraction": SILENT,
    "grad_clip_norm": SILENT,
    "ema_decay": SILENT,
    "evaluate_every": SILENT,
    "embedding_lr_fraction": NOTHING,
    "k_plus_one_softmax": "over K+1 (Eq. 4 and 6)",
    "real": "1",
    "fake": "1",
    "ramp_up_steps": NOTHING,
    "pseudo": "the rival SoftMatch is none of the paper's",
    "covariance": NOTHING,
    "head_l2": NOTHING,
}
"""What the paper says of each setting in which a preset differs from it or from the other."""

UNLIKE_BOTH = ("explicit_head",)
"""Settings that are alike in both presets and other than printed."""

WITHOUT_A_PRESET = (
    (
        "study.directions",
        "one gender tests, the other validates; which, is not printed",
        "both: each gender in turn (`coin` draws one)",
    ),
    (
        "labelled term without a generator",
        "over K (Eq. 1)",
        "over K, whatever `losses.k_plus_one_softmax` says: FSBase, MFSBase, SSBase and the rivals",
    ),
    (
        "unlabelled recordings that a model labels itself",
        SILENT,
        "where `study.normalisation` is `none`, SSBase, ClassBalanced and SoftMatch take them under `shift`: unscaled "
        "ones lie 13 to 17 deviations off, and all got one level with confidence 0.999",
    ),
    ("SSBase's threshold and rate", SILENT, "confidence 0.9, each level up to its labelled share, a tenth of the rate"),
    (
        "features matched, and compared by consistency",
        "D_, its place beside dropout not printed",
        "the last convolution's, before its dropout (`network.features_after_dropout`)",
    ),
    ("Eq. 7", "D(G(x))", "a misprint for D(x)"),
    ("Eq. 8", "F1 with a factor 1/n", "F1 without it; the usual macro F1 beside it"),
    (
        "an utterance longer than a crop, at the test",
        SILENT,
        "windows of 128 frames every 32, each by the places of a crop that it stands for (`sampling.centre_crop`)",
    ),
    ("tied labels", SILENT, "each tied level counts as right"),
    ("a 342-d map under stride 2", SILENT, "padded to 352 (image layout alone)"),
    ("G's output", SILENT, "linear: features are scaled to deviation 1, which tanh cannot reach"),
    ("Wasserstein critic, gradient penalty", "in the title", "none: the consistency term is all that its losses have"),
)
"""What no preset decides: the paper, and what both presets do."""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Yield setting, the paper's words, preset `paper`, preset `default`."""
    paper, default = ({found.name: found.value for found in config_values(plan)} for plan in (PAPER, DEFAULT))
    for full_name, setting in all_settings().items():
        name = setting.name
        if name in paper and (paper[name] != default[name] or name in UNLIKE_BOTH):
            yield f"`{full_name}`", PRINTED[name], _words(paper[name]), _words(default[name])
    for what, printed, here in WITHOUT_A_PRESET:
        yield f"`{what}`" if what.startswith("study.") else what, printed, here, "the same"


def page() -> str:
    """Return the page."""
    lines = [
        "# The presets beside the paper",
        "",
        "Every value in which the presets `paper` and `default` differ from the paper and from each other. "
        "`python tools/presets.py` writes this page from the presets themselves, and a test holds it to them.",
        "",
        "`paper` is everything as printed, and where the paper is silent what the code that it builds on does. "
        "`default` is what did best on a few hundred recordings ([how it was chosen](results/choosing_the_preset.md)). "
        "A run's `settings.toml` lists every value in force; a report lists those in which a run of a "
        "paper's study is not the paper's.",
        "",
        "| setting | the paper | preset `paper` | preset `default` |",
        "|---|---|---|---|",
        *(f"| {' | '.join(row)} |" for row in rows()),
        "",
    ]
    return "\n".join(lines)


def _words(value: object) -> str:
    if value is None:
        return "all"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(write_or_check(PAGE, page(), script="presets.py", about=__doc__))
