"""What is missing from a decoded stretch, put into words."""

from pathlib import Path

from valaro.media.sources import PictureSource, SoundSource
from valaro.media.wholeness import why_cut
from valaro.records import Problem

NEGLIGIBLE = 0.5
"""Seconds by which a declared duration may be wrong without being worth a word."""


def absent(
    path: Path, *, sound_wanted: bool, picture_wanted: bool, sound: SoundSource | None, picture: PictureSource | None
) -> tuple[Problem, ...]:
    """Return a Problem for each modality that was wanted but of which the stretch has nothing."""
    problems: list[Problem] = []
    for wanted, where, source in ((sound_wanted, "sound", sound), (picture_wanted, "picture", picture)):
        if wanted and source is None:
            problems.append(Problem(utterance=str(path), where=where, why=f"the recording has no {where}"))
        elif wanted and source is not None and source.is_empty:
            why = f"no {where} can be decoded in this stretch, though the recording declares some"
            problems.append(Problem(utterance=str(path), where=where, why=why))
    return tuple(problems)


def gone_wrong(
    path: Path, end: float | None, finish: float, sound: SoundSource | None, picture: PictureSource | None
) -> tuple[Problem, ...]:
    """Return what was cut short or damaged in a stretch that should reach `end` but came to its end at `finish`."""
    sources = [(where, source) for where, source in (("sound", sound), ("picture", picture)) if source is not None]
    shorts = {where: _missing(source, end) for where, source in sources if _missing(source, end) > NEGLIGIBLE}
    reached_end_of_file = end is None or finish < end
    cut = why_cut(path) if reached_end_of_file else None
    # A file may declare its longest stream's duration for all of them: one short stream alone proves nothing.
    is_suspect = (
        cut is not None or len(shorts) == len(sources) or any(source.report.complaints for _, source in sources)
    )

    def problem(where: str, why: str) -> Problem:
        return Problem(utterance=str(path), where=where, why=why)

    problems: list[Problem] = []
    for where, source in sources:
        if where in shorts and is_suspect:
            declared = source.report.declared_end
            why = f"truncated: the {where} ends at {source.until:.2f} s, the file declares {declared:.2f} s"
            problems.append(problem(where, why))
        elif source.report.complaints and cut is None:
            why = f"damaged: {source.report.complaints} packets could not be decoded, what they held is missing"
            problems.append(problem(where, why))
    if cut is not None and not problems:
        problems.append(problem("recording", f"truncated: {cut}"))
    if end is not None and end - finish > NEGLIGIBLE and not problems:
        why = f"the stretch asked for ends at {end:.2f} s, the recording already at {finish:.2f} s"
        problems.append(problem("recording", why))
    return tuple(problems)


def _missing(source: SoundSource | PictureSource, end: float | None) -> float:
    declared = source.report.declared_end
    if declared is None:
        return 0.0
    return (declared if end is None else min(end, declared)) - source.until
