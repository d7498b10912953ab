"""The data and model card: what the models are for, what they rest on, where they end."""

from collections.abc import Iterator, Sequence

from valaro.analysis import data
from valaro.analysis.results import DimensionResults, ModelRow
from valaro.analysis.sanity import FEW_SPEAKERS
from valaro.records import LEVELS, CorpusSummary, RunRecord
from valaro.reports import formats, sentences
from valaro.reports.blocks import Block, Facts, Heading, Notice, Sentence
from valaro.reports.paper.conditions import study_of

HARDLY = 0.01
"""A level said of fewer than this share of the test utterances is as good as lost."""

MOST_LOST = 12
"""Models listed with a level that they lost; more are counted."""

_USE = (
    "Research on how valence and arousal show in voice and face: comparing models under equal conditions, and looking "
    "for passages in recordings of the kind that the models were trained on, whose findings a person then checks."
)
_MISUSE = (
    "It must not be used for judgements about people that have consequences for them: in hiring, schooling, policing, "
    "insurance, medicine, or the watching of employees or customers. The models say how others rated or acted a "
    "recording's look and sound; they do not know what anybody feels."
)


def data_and_model_card(runs: Sequence[RunRecord], results: Sequence[DimensionResults]) -> tuple[Block, ...]:
    """Return the card: what holds for all runs, then the facts of each."""
    blocks: list[Block] = [
        Sentence(lead="Intended use. ", text=_USE),
        Notice(lead="What it must not be used for. ", text=_MISUSE),
    ]
    for number, run in enumerate(runs):
        rows = [row for item in results for row in item.rows if number in row.model_result.runs]
        blocks += [Heading(text=run.name), Facts(pairs=tuple(_facts(run, rows)))]
    return tuple(blocks)


def _facts(run: RunRecord, rows: Sequence[ModelRow]) -> Iterator[tuple[str, str]]:
    study = study_of(run)
    labelled = [corpus for corpus in run.corpora if corpus.labelled]
    without_labels = [corpus for corpus in run.corpora if not corpus.labelled]
    trained_on = [*map(_labelled, labelled), *map(_unlabelled, without_labels)]
    yield "Trained on", "; ".join(trained_on) or "no corpus is recorded"
    yield "Origin of the labels", _labels(run, study.get("votes"), study.get("labels_per_class"))
    yield "Test data kept apart", _kept_apart(run)
    yield "Preset", _preset(str(study.get("preset", "not recorded")))
    yield "Limits", " ".join(_limits(run, rows))
    scaled = f" ({sentences.SPEAKER_NOTE})" if run.speaker_normalised else ""
    yield "Normalisation", f"{run.normalisation}{scaled}"
    if run.stand_ins:
        standing = [f"{ours} for {paper}" for paper, ours in sorted(run.stand_ins.items())]
        yield "Stand-in features", ", ".join(standing)
    seeds = sorted({result.seed for result in run.results})
    yield "Seeds", f"{', '.join(map(str, seeds))}; the bootstrap's is 0" if seeds else "none"
    yield "Versions", ", ".join(f"{name} {value}" for name, value in run.environment.items()) or "not recorded"
    yield "Data fingerprint", run.fingerprint


def _preset(name: str) -> str:
    return f"{name}: docs/presets.md lists where it differs from the paper" if name in {"default", "paper"} else name


def _labelled(corpus: CorpusSummary) -> str:
    """Say how much of a corpus is labelled, and how its labels are shared among the levels."""
    levels = [
        f"{dimension} {'/'.join(map(str, counts))}"
        for dimension, counts in sorted(corpus.levels.items())
        if sum(counts)
    ]
    shared = f" ({', '.join(levels)} {'/'.join(LEVELS)})" if levels else ""
    return (
        f"{corpus.corpus}: {formats.thousands(corpus.labelled)} labelled of "
        f"{formats.plural(corpus.utterances, 'utterance')}{shared}, {formats.plural(corpus.speakers, 'speaker')}, "
        f"{formats.duration(corpus.seconds)}"
    )


def _unlabelled(corpus: CorpusSummary) -> str:
    return (
        f"{corpus.corpus}: {formats.plural(corpus.utterances, 'utterance')} without labels, "
        f"{formats.plural(corpus.speakers, 'speaker')}, {formats.duration(corpus.seconds)}"
    )


def _labels(run: RunRecord, votes: object, per_level: object) -> str:
    notes = [f"{note.corpus}: {note.text}" for note in run.notes]
    said = " ".join(notes) if notes else "As the corpora's own ratings; no note about them was left."
    if votes == "mean":
        said += " The annotators' mean becomes a level."
    elif votes == "each":
        said += " Each annotator's vote becomes a level."
    return f"{said} At most {per_level} a level are used in a training." if per_level is not None else said


def _kept_apart(run: RunRecord) -> str:
    kept = data.separation([run])
    if kept is None:
        return "Nothing was tested."
    if kept.shared:
        return f"NOT in {formats.plural(len(kept.shared), 'training')}: a speaker is in both validation and test."
    parted = sentences.parted(kept.halves)
    return (
        f"A whole session is held out each time, and its speakers are parted {parted} into validation and test; "
        "held-out speakers' unlabelled recordings leave the unlabelled set. Tested: "
        f"{formats.plural(kept.test_speakers, 'speaker')} in {formats.plural(kept.trainings, 'training')}; none of "
        "them is among the same training's validation speakers."
    )


def _limits(run: RunRecord, rows: Sequence[ModelRow]) -> Iterator[str]:
    speakers = {speaker for result in run.results for speaker in result.test.speakers}
    rough = ", too few for more than a rough interval" if len(speakers) < FEW_SPEAKERS else ""
    yield f"Tested on {formats.plural(len(speakers), 'speaker')}{rough}."
    yield "Languages, ages and origins of the speakers are not recorded: how others are judged is unknown."
    if any(note.kind == "derived_labels" for note in run.notes):
        yield "Labels are derived from categories: what is learnt is to tell acted or voted categories apart."
    lost = [words for row in rows for words in _lost(row)]
    if lost:
        more = f" and {len(lost) - MOST_LOST} more" if len(lost) > MOST_LOST else ""
        yield f"Levels that are never or hardly ever said: {'; '.join(lost[:MOST_LOST])}{more}."
    alarmed = sum(bool(result.alarms) for result in run.judged)
    if alarmed:
        yield f"{formats.plural(alarmed, 'training')} showed a sign of collapse (see the alarms)."
    faces = data.faces([run])
    if faces:
        yield f"{formats.percent(faces.detected / faces.frames)} % of the video frames show a face."
    if run.problems:
        yield f"{formats.plural(len(run.problems), 'item')} could not be read or judged (see the problems)."
    if run.speaker_normalised:
        yield "Scores hold only where other recordings of the same person are at hand to set the scale."


def _lost(row: ModelRow) -> Iterator[str]:
    """Say which levels a network does not say though they are there."""
    said, true = row.matrix.sum(0), row.matrix.sum(1)
    for index, level in enumerate(LEVELS):
        if true[index] > 0 and said[index] < HARDLY * said.sum():
            often = "hardly ever" if said[index] else "never"
            dimension = row.model_result.results[0].dimension
            yield f"{row.model_result.label} {often} says {level} ({dimension})"
