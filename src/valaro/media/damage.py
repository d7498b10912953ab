"""What is missing from a decoded stretch, put into words."""

from collections.abc import Sequence
from pathlib import Path

from valaro.limits import LIMITS
from valaro.media.sources import PictureSource, SoundSource
from valaro.media.truncation import why_cut
from valaro.records import Problem

NEGLIGIBLE = 0.5
"""Seconds by which a declared duration may be wrong without being worth a word."""


def absent(
    heard: Path | None, sound: SoundSource | None, seen: Path | None, picture: PictureSource | None
) -> tuple[Problem, ...]:
    """Return a Problem for each modality of which the stretch has nothing; a path is None where none was wanted."""
    problems: list[Problem] = []
    for path, where, source in ((heard, "sound", sound), (seen, "picture", picture)):
        if path and source is None:
            problems.append(Problem.absence(str(path), where))
        elif path and source is not None and source.is_empty:
            why = f"no {where} can be decoded in this stretch, though the recording declares some"
            problems.append(Problem(utterance=str(path), where=where, why=why))
    return tuple(problems)


def several_tracks(sound: SoundSource | None, picture: PictureSource | None) -> tuple[Problem, ...]:
    """Return a remark for each modality of which the file has several tracks: which of them is taken."""
    return tuple(
        Problem(
            utterance=str(source.path),
            where=where,
            why=f"the recording has {source.report.tracks} tracks of {where}: "
            f"{'the one marked as default' if source.report.is_default else 'the first one'} is taken",
            is_remark=True,
        )
        for where, source in (("sound", sound), ("picture", picture))
        if source is not None and source.report.tracks > 1
    )


def gone_wrong(
    length: float, wanted: float | None, sound: SoundSource | None, picture: PictureSource | None
) -> tuple[Problem, ...]:
    """Return what was cut short or damaged in a stretch of `length` seconds, `wanted` of which were asked for."""
    sources = [(where, source) for where, source in (("sound", sound), ("picture", picture)) if source is not None]
    paths = {source.path: where for where, source in sources}
    return tuple(
        problem
        for path, where in paths.items()
        for problem in gone_wrong_in(
            path,
            length,
            wanted,
            [(name, source) for name, source in sources if source.path == path],
            called="recording" if len(paths) == 1 else where,
        )
    )


def gone_wrong_in(
    path: Path,
    length: float,
    wanted: float | None,
    sources: Sequence[tuple[str, SoundSource | PictureSource]],
    *,
    called: str,
) -> tuple[Problem, ...]:
    """Return what is wrong with one file of which `sources` are the modalities taken; the whole is `called` so."""
    shorts = {where: _missing(source) for where, source in sources if _missing(source) > NEGLIGIBLE}
    reached_end_of_file = wanted is None or length < wanted
    cut = why_cut(path) if reached_end_of_file else None
    # A file may declare its longest stream's duration for all of them: one short stream alone proves nothing.
    is_suspect = (
        cut is not None or len(shorts) == len(sources) or any(source.report.complaints for _, source in sources)
    )

    def problem(where: str, why: str) -> Problem:
        return Problem(utterance=str(path), where=where, why=why)

    problems: list[Problem] = []
    jump = next((source.report.jump for _, source in sources if source.report.jump), None)
    if jump is not None:
        why = f"the time stamps jump by {jump.by:,.0f} s at {jump.at:.2f} s, more than a gap may last "
        why += f"({LIMITS.longest_gap:,.0f} s): what follows is taken to go on at once"
        problems.append(problem(called, why))
    for where, source in sources:
        if where in shorts and is_suspect:
            declared = source.report.declared_end
            why = f"truncated: the {where} ends at {source.until:.2f} s, the file declares {declared:.2f} s"
            problems.append(problem(where, why))
        elif source.report.complaints and cut is None:
            why = f"damaged: {source.report.complaints} packets could not be decoded, what they held is missing"
            problems.append(problem(where, why))
    if cut is not None and not problems:
        problems.append(problem(called, f"truncated: {cut}"))
    if wanted is not None and wanted - length > NEGLIGIBLE and not problems:
        end = sources[0][1].end or 0.0
        why = f"the stretch asked for ends at {end:.2f} s, the recording already at {end - wanted + length:.2f} s"
        problems.append(problem(called, why))
    return tuple(problems)


def _missing(source: SoundSource | PictureSource) -> float:
    declared = source.report.declared_end
    if declared is None:
        return 0.0
    return (declared if source.end is None else min(source.end, declared)) - source.until
