"""What do unlabelled recordings, a generator and a second modality give on real recordings?

    python benchmarks/real_recordings.py DATA --to FOLDER [--studies main ...] [--seeds 4] [--workers 2] [--table]

DATA is the folder of recordings described in the data's own README (emodb, ravdess_audio, javanese_audio, javanese_av,
grid_s1, each with a manifest.csv); a corpus that is absent is skipped by name. Manifests, features and a run folder a
case are made in FOLDER; started again it does only what is missing. --table trains nothing and prints what is there.

Studies:
  main       every model and rival on emodb, ravdess_audio (voice) and javanese_av (voice, face, both), 10 and 20 labels
             a level, the rest of the training speakers unlabelled; the supervised twin without augmentation; and the
             generator of inputs, as the paper has it
  generator  SSGAN beside CT at 10, 20, 40 and all labels, and with each remedy for a generator that covers too little
  pools      20 labels a level of three corpora joined, over pools of 50 to all of the other recordings
  foreign    what foreign unlabelled recordings do under the four normalisations
  choice     the default preset with one value changed at a time; for each corpus, the values are to be chosen by the
             tests of the OTHER corpora

Every session is tested in both directions. Intervals are 95 %, over speakers, from differences on the same utterances.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from valaro.corpora.options import TableOptions
from valaro.corpora.table import read_table
from valaro.errors import ValaroError
from valaro.evaluation.scores import score
from valaro.evaluation.significance import Resamples
from valaro.experiments.cross_validate import cross_validate
from valaro.experiments.run_folder import read_run
from valaro.experiments.settings import check_settings
from valaro.extraction.extract import extract
from valaro.records import CorpusNote, FoldResult
from valaro.store.manifest import read_manifest, write_manifest
from valaro.training.methods import LINEAR

NOTE = "Levels are derived from the acted category, they are not ratings."
CORPORA = {"emodb": "sound", "ravdess_audio": "sound", "javanese_audio": "sound", "javanese_av": "av", "grid_s1": "av"}
"""A corpus -> the store that its features lie in."""
STORES = {"sound": ["fbank"], "av": ["fbank", "face"]}
VOICE = ("FSBase", "SSBase", "SSGAN", "CT", "MeanTeacher", "SoftMatch", "ClassBalanced")
BOTH = ("FSBase", "MFSBase", "SSBase", "SSGAN", "MSSGAN", "CT", "MeanTeacher", "SoftMatch", "ClassBalanced")


Changes = dict[str, dict[str, Any]]
"""Section -> key -> value: what a case has otherwise than the preset."""


def merged(*parts: Changes) -> Changes:
    """Return several changes as one; of two values for one key the later one holds."""
    sections = dict.fromkeys(section for part in parts for section in part)
    return {section: {k: v for part in parts for k, v in part.get(section, {}).items()} for section in sections}


INPUTS: Changes = {"network": {"generates": "inputs"}, "losses": {"covariance": 0.0}}
"""G makes inputs and matches means, as the paper has it; the preset's G makes features and matches covariances too."""
FEATURES: Changes = {"network": {"generates": "features"}, "losses": {"covariance": 0.0}}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One cross-validation; `against` is the case whose supervised twin its models are compared with (itself)."""

    name: str
    labelled: tuple[str, ...]
    models: Sequence[str]
    labels: int | None
    unlabelled: tuple[str, ...] = ()
    changes: Changes = field(default_factory=dict[str, dict[str, Any]])
    against: str = ""
    speaker_wise: bool = True
    seeds: int | None = None

    @property
    def store(self) -> str:
        return CORPORA.get(self.labelled[0], "sound")


def main_cases() -> list[Case]:
    """Return what users would pick, on three corpora."""
    cases: list[Case] = []
    for labels in (10, 20):
        for corpus, models in (("emodb", VOICE), ("javanese_av", BOTH), ("ravdess_audio", VOICE)):
            full = Case(name=f"{corpus}-{labels}", labelled=(corpus,), models=models, labels=labels)
            twins = [model for model in models if model.endswith("FSBase")]
            plain = replace(
                full,
                name=f"{full.name}-plain",
                models=twins,
                changes={"sampling": {"frequency_shift": 0}},
                against=full.name,
            )
            gans = [model for model in models if model.endswith("GAN")]
            printed = replace(full, name=f"{full.name}-inputs", models=gans, changes=INPUTS, against=full.name)
            cases += [full, plain, printed]
    return cases


REMEDIES: dict[str, Changes] = {
    "inputs": INPUTS,
    "inputs, as printed": merged(INPUTS, {"losses": {"real": 1.0, "fake": 1.0}}),
    "inputs, fresh samples": merged(INPUTS, {"losses": {"resample_for_g": True}}),
    "inputs, pull-away": merged(INPUTS, {"losses": {"pull_away": 1.0}}),
    "inputs, covariance": merged(INPUTS, {"losses": {"covariance": 1.0}}),
    "features, means alone": FEATURES,
    "entropy": {"losses": {"entropy": 0.3}},
    "without consistency": {"losses": {"consistency": 0.0}},
    "three times as long": {"training": {"steps": 480}},
}


def generator_cases() -> list[Case]:
    """Return where a generator may pay: with more labels, and with remedies."""
    cases: list[Case] = []
    for corpus in ("emodb", "ravdess_audio"):
        for labels in (40, None):
            full = Case(
                name=f"{corpus}-{labels or 'all'}-generator",
                labelled=(corpus,),
                models=("FSBase", "SSGAN", "CT"),
                labels=labels,
            )
            cases += [
                full,
                replace(full, name=f"{full.name}-inputs", models=("SSGAN",), changes=INPUTS, against=full.name),
            ]
    cases += [
        Case(
            name=f"emodb-20-{_dashed(remedy)}",
            labelled=("emodb",),
            models=("SSGAN", "CT") if "training" in changes else ("SSGAN",),
            labels=20,
            changes=changes,
            against="emodb-20",
        )
        for remedy, changes in REMEDIES.items()
    ]
    return cases


def _dashed(name: str) -> str:
    return name.replace(",", "").replace(" ", "-")


def pool_cases() -> list[Case]:
    """Return growing pools of one joined corpus."""
    joined = ("emodb", "ravdess_audio", "javanese_audio")
    return [
        Case(
            name=f"joined-20-pool-{size or 'all'}",
            labelled=joined,
            # Each with its own twin: the speakers' scales come from the pool too, and help without learning from it.
            models=("FSBase", "SSGAN", "CT", "MeanTeacher"),
            labels=20,
            changes={"study": {"max_unlabelled": size}} if size else {},
            against="joined-20-pool-50",
        )
        for size in (50, 200, 800, None)
    ]


def foreign_cases() -> list[Case]:
    """Return pools of other speakers, another language, another room."""
    cases: list[Case] = []
    for corpus, foreign, models in (
        ("emodb", "ravdess_audio", ("FSBase", "SSGAN", "CT", "MeanTeacher")),
        ("javanese_av", "grid_s1", ("MFSBase", "MSSGAN", "CT", "MeanTeacher")),
    ):
        home = Case(name=f"{corpus}-20-own-pool", labelled=(corpus,), models=models, labels=20, speaker_wise=False)
        cases.append(home)
        cases += [
            Case(
                name=f"{corpus}-20-{foreign}-{how}",
                labelled=(corpus,),
                unlabelled=(foreign,),
                models=models[1:],
                labels=20,
                changes={"study": {"normalisation": how}},
                against=home.name,
                speaker_wise=False,
            )
            for how in ("none", "self", "shift", "combine")
        ]
    return cases


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What a choice is between: `start`, the preset as it was then, and one value changed at a time.

    `models` are the networks by which it is made on each corpus.
    """

    name: str
    start: Changes
    models: dict[str, tuple[str, ...]]
    variants: dict[str, Changes]

    def case(self, corpus: str, variant: str) -> str:
        return f"{self.name}-{corpus}-{_dashed(variant)}"

    def cases(self) -> list[Case]:
        return [
            Case(
                name=self.case(corpus, variant),
                labelled=(corpus,),
                models=self.models[corpus],
                labels=10,
                changes=merged(self.start, changes),
                against=self.case(corpus, START),
                seeds=JUDGES[corpus],
            )
            for variant, changes in self.all_variants().items()
            for corpus in self.models
        ]

    def all_variants(self) -> dict[str, Changes]:
        return {START: {}, **self.variants}


START = "preset"
SLOW: Changes = {"training": {"encoder_lr_fraction": 0.1, "embedding_lr_fraction": 0.1}}
FAST: Changes = {"training": {"encoder_lr_fraction": 1.0, "embedding_lr_fraction": 1.0}}
SAME_CROP: Changes = {"sampling": {"views": 1}}
GENERATORS = {"emodb": ("SSGAN",), "ravdess_audio": ("SSGAN",), "javanese_av": ("MSSGAN",)}
POOL_MODELS = {"emodb": ("SSGAN", "CT"), "ravdess_audio": ("SSGAN", "CT"), "javanese_av": ("MSSGAN", "CT")}
JUDGES = {"emodb": 2, "ravdess_audio": 1, "javanese_av": 2}
"""A corpus on which candidates are tried -> seeds."""
CHOICES = (
    Choice(
        name="choice",
        start=merged(INPUTS, SLOW, SAME_CROP, {"network": {"encoder_scale": 1.0}}),
        models={"emodb": ("FSBase",), "ravdess_audio": ("FSBase",), "javanese_av": ("FSBase", "MFSBase")},
        variants={
            "encoder scale 0.5": {"network": {"encoder_scale": 0.5}},
            "encoder scale 0.25": {"network": {"encoder_scale": 0.25}},
            "encoder share 1": FAST,
            "encoder share 0.01": {"training": {"encoder_lr_fraction": 0.01, "embedding_lr_fraction": 0.01}},
            "ridge 0": {"losses": {"head_l2": 0.0}},
            "ridge 1": {"losses": {"head_l2": 1.0}},
            "shift 0": {"sampling": {"frequency_shift": 0}},
            "shift 4": {"sampling": {"frequency_shift": 4}},
            "last": {"training": {"monitor": "last"}},
            "likelihood": {"training": {"monitor": "likelihood"}},
            "80 steps": {"training": {"steps": 80, "evaluate_every": 10}, "losses": {"ramp_up_steps": 50}},
            "320 steps": {"training": {"steps": 320}},
            "width 0.5": {"network": {"width": 0.5}},
            "rate 0.01": {"training": {"learning_rate": 0.01}},
        },
    ),
    Choice(
        name="choice-pool",
        start=merged(INPUTS, SLOW, SAME_CROP),
        models=POOL_MODELS,
        variants={
            "generator 1": {"losses": {"real": 1.0, "fake": 1.0}},
            "consistency 3": {"losses": {"consistency": 3.0}},
            "other crop": {"sampling": {"views": 2}},
            "masks": {"sampling": {"spec_augment": True}},
            "encoder share 1": FAST,
        },
    ),
    Choice(
        name="choice-other-crop",
        start=merged(INPUTS, SLOW),
        models=POOL_MODELS,
        variants={
            "consistency 3": {"losses": {"consistency": 3.0}},
            "generator 1": {"losses": {"real": 1.0, "fake": 1.0}},
            "encoder share 1": FAST,
            "consistency 3 and encoder share 1": merged(FAST, {"losses": {"consistency": 3.0}}),
        },
    ),
    Choice(
        name="choice-one-modality",
        start=merged(INPUTS, SLOW),
        models={"javanese_av": ("FSBase", "SSGAN", "CT:fbank", "CT:face")},
        variants={"encoder share 1": FAST},
    ),
    Choice(
        name="choice-faces",
        start=merged(INPUTS, SLOW),
        models={"javanese_av": ("MFSBase", "MSSGAN", "CT")},
        variants={"native faces": {"network": {"face_rate": "native"}}},
    ),
    Choice(
        name="choice-shares",
        start=INPUTS,
        models={
            "emodb": ("FSBase", "SSGAN", "CT"),
            "ravdess_audio": ("FSBase", "SSGAN", "CT"),
            "javanese_av": ("MFSBase", "MSSGAN", "CT"),
        },
        variants={
            "generator 1": {"losses": {"real": 1.0, "fake": 1.0}},
            "consistency 3": {"losses": {"consistency": 3.0}},
            "encoder scale 1": {"network": {"encoder_scale": 1.0}},
            "320 steps": {"training": {"steps": 320}},
        },
    ),
    Choice(
        name="choice-generator",
        start=INPUTS,
        models=GENERATORS,
        variants={
            "features": FEATURES,
            "features and covariance": merged(FEATURES, {"losses": {"covariance": 1.0}}),
            "features, covariance 10": merged(FEATURES, {"losses": {"covariance": 10.0}}),
            "features, covariance, generator 1": merged(
                FEATURES, {"losses": {"covariance": 1.0, "real": 1.0, "fake": 1.0}}
            ),
        },
    ),
    Choice(
        name="choice-features",
        start={},
        models=GENERATORS,
        variants={
            "generator 0.1": {"losses": {"real": 0.1, "fake": 0.1}},
            "consistency 3": {"losses": {"consistency": 3.0}},
            "entropy": {"losses": {"entropy": 0.3}},
            "fresh samples for G": {"losses": {"resample_for_g": True}},
        },
    ),
    Choice(
        name="choice-teacher",
        start={},
        models=dict.fromkeys(JUDGES, ("MeanTeacher",)),
        variants={f"teacher {weight:g}": {"losses": {"teacher": weight}} for weight in (0.3, 3.0)},
    ),
    Choice(
        name="choice-soft-match",
        start={},
        models=dict.fromkeys(JUDGES, ("SoftMatch",)),
        variants={f"pseudo {weight:g}": {"losses": {"pseudo": weight}} for weight in (0.1, 1.0)},
    ),
)


STUDIES = {
    "main": main_cases,
    "generator": generator_cases,
    "pools": pool_cases,
    "foreign": foreign_cases,
    "choice": lambda: [case for choice in CHOICES for case in choice.cases()],
}


def prepare(data: Path, to: Path, workers: int) -> None:
    """Make a manifest a corpus and the stores, where they are not there yet."""
    for corpus in CORPORA:
        if (to / f"{corpus}.parquet").exists():
            continue
        if not (data / corpus / "manifest.csv").is_file():
            print(f"{corpus}: not in {data}, skipped", file=sys.stderr)
            continue
        utterances = read_table(data / corpus / "manifest.csv", TableOptions(corpus=corpus)).utterances
        notes = [CorpusNote(corpus=corpus, text=NOTE)] if utterances[0].ratings else []
        write_manifest(to / f"{corpus}.parquet", utterances, notes)
    for store, features in STORES.items():
        manifests = [read_manifest(to / f"{c}.parquet") for c in CORPORA if CORPORA[c] == store and _has(to, c)]
        extract(
            [u for manifest in manifests for u in manifest.utterances],
            features,
            to=to / store,
            workers=workers,
            notes=[note for manifest in manifests for note in manifest.notes],
        )


def _has(to: Path, corpus: str) -> bool:
    return (to / f"{corpus}.parquet").is_file()


def run(case: Case, to: Path, *, seeds: int, workers: int) -> None:
    """Cross-validate one case into its folder."""
    absent = [corpus for corpus in (*case.labelled, *case.unlabelled) if not _has(to, corpus)]
    if absent:
        print(f"{case.name}: skipped, no {', '.join(absent)}", file=sys.stderr)
        return
    study = {
        "models": list(case.models),
        "features": STORES[case.store],
        "directions": "both",
        "seeds": seeds,
        "control": False,
        "normalise_speakers": case.speaker_wise,
    } | ({"labels_per_class": case.labels} if case.labels else {})
    values: dict[str, Any] = {
        "data": {
            "labelled": [str(to / f"{corpus}.parquet") for corpus in case.labelled],
            "unlabelled": [str(to / f"{corpus}.parquet") for corpus in case.unlabelled],
            "features": str(to / case.store),
        },
        "study": study,
    }
    for section, changes in case.changes.items():
        if changes:
            values[section] = values.get(section, {}) | changes
    (to / f"{case.name}.toml").write_text(tomli_w.dumps(values), encoding="utf-8")

    def told(done: int, of: int, _failed: int = 0) -> None:
        print(f"\r{case.name}: {done} of {of} trainings", end="", file=sys.stderr)

    problems = cross_validate(check_settings(values, case.name), to / case.name, workers=workers, on_progress=told)
    print(file=sys.stderr)
    for problem in problems:
        print(f"{case.name}, {problem.utterance}: {problem.why}", file=sys.stderr)


Results = dict[tuple[str, str], list[FoldResult]]


@cache
def results_of(folder: Path) -> Results:
    """Return a run's results by dimension and model, in order of fold and seed."""
    found: Results = {}
    for result in read_run(folder).results:
        found.setdefault((result.dimension, result.model), []).append(result)
    return {key: sorted(results, key=lambda r: (r.fold, r.seed)) for key, results in found.items()}


def table(home: str, cases: Sequence[Case], to: Path) -> None:
    """Print cases that are compared with the same twins as one table of Markdown.

    A row is a model's UAR, its difference to the augmented supervised twin of the same features, and its seconds; those
    of a case with other settings than `home` have the case's name behind theirs.
    """
    twins = results_of(to / home)
    print(f"\n### {home}\n")
    print("| model | arousal UAR | against the twin | valence UAR | against the twin | seconds |")
    print("|---|---|---|---|---|---|")
    for case in cases:
        own = results_of(to / case.name)
        for model in sorted({model for _, model in own}, key=_rank):
            if case.name == home:
                print(row(model, model, own, twins))
            elif is_network(model):
                print(row(model, f"{model}, {case.name.removeprefix(home + '-')}", own, twins, is_other=True))


def row(model: str, label: str, own: Results, twins: Results, *, is_other: bool = False) -> str:
    """Return a row of `table`."""
    cells = [label]
    for dimension in ("arousal", "valence"):
        results = own.get((dimension, model), [])
        cells.append(f"{100 * mean_uar(results):.1f}" if results else "-")
        twin = twins.get((dimension, twin_of(results[0]))) if results else None
        cells.append(difference(results, twin) if twin and (twin[0].model != model or is_other) else "")
    seconds = np.mean([result.seconds for key, results in own.items() if key[1] == model for result in results])
    return f"| {' | '.join(cells)} | {seconds:.1f} |"


def _rank(model: str) -> tuple[int, str]:
    order = ["LR", "SVM", "FSBase", "MFSBase", "SSBase", "SSGAN", "MSSGAN"]
    name = model.split(maxsplit=1)[0]
    return (order.index(name) if name in order else len(order), model)


def twin_of(result: FoldResult) -> str:
    """Return the supervised model on the same features."""
    return "MFSBase" if len(result.features) > 1 else "FSBase " + "+".join(result.features)


def difference(ours: Sequence[FoldResult], theirs: Sequence[FoldResult]) -> str:
    """Return the paired difference in UAR with its interval, in points, over the trainings that both have."""
    others = {(result.fold, result.seed): result for result in theirs}
    pairs = [(result, others[result.fold, result.seed]) for result in ours if (result.fold, result.seed) in others]
    if not pairs:
        return "-"
    interval = Resamples([a.test for a, _ in pairs]).above(Resamples([b.test for _, b in pairs]), "uar")
    found = f"{100 * interval.value:+.1f} ({100 * interval.low:+.1f} to {100 * interval.high:+.1f})"
    return found if interval.includes_zero else f"**{found}**"


def questions(cases: Sequence[Case], to: Path) -> None:
    """Print the pairs that the studies are about: generator against consistency alone, fusion against one modality."""
    print("\n### Pairs\n\n| case | dimension | pair | difference in UAR | validation UAR |\n|---|---|---|---|---|")
    for case in cases:
        own = results_of(to / case.name)
        others = own | {
            key: value for key, value in results_of(to / (case.against or case.name)).items() if key not in own
        }
        for (dimension, model), results in sorted(own.items()):
            # Where the table has another case's twin, the case's own is a pair.
            twin = [twin_of(results[0])] if case.against and (dimension, twin_of(results[0])) in own else []
            for rival in [*pairs_of(model, results[0].features), *(name for name in twin if name != model)]:
                if (dimension, rival) in others and (is_network(rival) or not case.against):
                    theirs = others[dimension, rival]
                    means = [100 * np.mean([score(r.validation).uar for r in rows]) for rows in (results, theirs)]
                    print(
                        f"| {case.name} | {dimension} | {model} - {rival} | {difference(results, theirs)} | "
                        f"{means[0]:.1f}, {means[1]:.1f} |"
                    )


def pairs_of(model: str, features: Sequence[str]) -> list[str]:
    """Return what a model is set against beside its twin."""
    name = model.split(maxsplit=1)[0]
    joined = "+".join(features)
    if name in {"SSGAN", "MSSGAN"}:
        alone = [f"SSGAN {feature}" for feature in features] if len(features) > 1 else []
        return [f"CT {joined}", f"LR {joined}", f"SVM {joined}", *alone]
    if name in {"FSBase", "MFSBase"}:
        return [f"LR {joined}", f"SVM {joined}"]
    return []


def print_choice(choice: Choice, to: Path) -> None:
    """Print what each candidate changes on each corpus, and what the other corpora would choose for it."""
    corpora = tuple(choice.models)
    gains = {name: {corpus: gain(choice, name, corpus, to) for corpus in corpora} for name in choice.all_variants()}
    votes = {
        corpus: {name: float(np.mean([own[o] for o in corpora if o != corpus])) for name, own in gains.items()}
        for corpus in corpora
        if len(corpora) > 1
    }
    print(f"\n### {choice.name}\n\nUAR against the preset, mean over both dimensions and all networks\n")
    print(f"| candidate | {' | '.join((*corpora, *(f'for {corpus}, by the others' for corpus in votes)))} |")
    print(f"|---{'|---' * (len(corpora) + len(votes))}|")
    for name, own in gains.items():
        cells = [f"{own[corpus]:+.1f}" for corpus in corpora]
        for vote in votes.values():
            best = name == max(vote, key=vote.__getitem__)
            cells.append(f"**{vote[name]:+.1f}**" if best else f"{vote[name]:+.1f}")
        print(f"| {name} | {' | '.join(cells)} |")


def gain(choice: Choice, variant: str, corpus: str, to: Path) -> float:
    """Return by how many points of test UAR a candidate's networks are better than the preset's."""
    ours, theirs = (results_of(to / choice.case(corpus, name)) for name in (variant, START))
    for key in ours:
        if [(r.fold, r.seed) for r in ours[key]] != [(r.fold, r.seed) for r in theirs.get(key, [])]:
            sys.exit(f"{choice.case(corpus, variant)}, {' '.join(key)}: not the same trainings as at the start")
    return 100 * float(np.mean([mean_uar(ours[key]) - mean_uar(theirs[key]) for key in ours if is_network(key[1])]))


def mean_uar(results: Sequence[FoldResult]) -> float:
    """Return the mean over trainings."""
    return float(np.mean([score(result.test).uar for result in results]))


def is_network(model: str) -> bool:
    """Return whether a row of a table is no linear model."""
    return model.split(maxsplit=1)[0] not in LINEAR


def main() -> None:
    """Prepare, run and print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--studies", nargs="+", choices=STUDIES, default=list(STUDIES))
    parser.add_argument("--cases", nargs="+", help="only those whose name begins with one of these")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--table", action="store_true", help="train nothing, print what is there")
    asked = parser.parse_args()
    if not asked.data.is_dir():
        sys.exit(f"no folder {asked.data}: nothing measured")
    to: Path = asked.to.resolve()
    to.mkdir(parents=True, exist_ok=True)
    cases = [case for study in asked.studies for case in STUDIES[study]()]
    if asked.cases:
        cases = [case for case in cases if case.name.startswith(tuple(asked.cases))]
    if not asked.table:
        prepare(asked.data, to, asked.workers)
        for case in cases:
            run(case, to, seeds=case.seeds or asked.seeds, workers=asked.workers)
    done = [
        case
        for case in cases
        if all((to / name / "run.json").is_file() for name in (case.name, case.against or case.name))
    ]
    groups: dict[str, list[Case]] = {}
    for case in done:
        groups.setdefault(case.against or case.name, []).append(case)
    for home, group in groups.items():
        table(home, group, to)
    questions(done, to)
    for choice in CHOICES if "choice" in asked.studies else ():
        if all((to / case.name / "run.json").is_file() for case in choice.cases()):
            print_choice(choice, to)
        else:
            print(f"\n{choice.name}: not finished")


if __name__ == "__main__":
    try:
        main()
    except ValaroError as error:
        sys.exit(str(error))
