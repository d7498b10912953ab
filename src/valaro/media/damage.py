"""What is missing from a decoded stretch, put into words."""

from collections.abc import Iterator, Sequence

from valaro.limits import LIMITS
from valaro.media.picture import PictureSource
from valaro.media.sound import SoundSource
from valaro.media.truncation import why_cut
from valaro.records import Problem

Source = SoundSource | PictureSource

NEGLIGIBLE = 0.5
"""Seconds by which a declared duration may be wrong without being worth a word."""


def several_tracks(sources: Sequence[Source]) -> Iterator[Problem]:
    """Yield a remark for each modality of which the file has several tracks: which of them is taken."""
    for source in sources:
        if source.report.tracks > 1:
            taken = "the one marked as default" if source.report.is_default else "the first one"
            why = f"the recording has {source.report.tracks} tracks of {source.where}: {taken} is taken"
            yield Problem(utterance=str(source.path), where=source.where, why=why, is_remark=True)


def gone_wrong(length: float, wanted: float | None, sources: Sequence[Source]) -> Iterator[Problem]:
    """Yield what was cut short or damaged in a stretch of `length` seconds, `wanted` of which were asked for."""
    paths = {source.path: source.where for source in sources}
    for path, where in paths.items():
        inside, called = (
            [source for source in sources if source.path == path],
            "recording" if len(paths) == 1 else where,
        )
        cut = why_cut(path) if wanted is None or length < wanted else None
        faults = [*((called, why) for why in _jump(inside)), *_faults(inside, cut)]
        if cut is not None and not faults:
            faults = [(called, f"truncated: {cut}")]
        if wanted is not None and wanted - length > NEGLIGIBLE and not faults:
            end = inside[0].end or 0.0
            why = f"the stretch asked for ends at {end:.2f} s, the recording already at {end - wanted + length:.2f} s"
            faults = [(called, why)]
        yield from (Problem(utterance=str(path), where=what, why=why) for what, why in faults)


def _jump(sources: Sequence[Source]) -> Iterator[str]:
    jump = next((source.report.jump for source in sources if source.report.jump), None)
    if jump is not None:
        yield (
            f"the time stamps jump by {jump.by:,.0f} s at {jump.at:.2f} s, more than a gap may last "
            f"({LIMITS.longest_gap:,.0f} s): what follows is taken to go on at once"
        )


def _faults(sources: Sequence[Source], cut: str | None) -> Iterator[tuple[str, str]]:
    """Yield of each modality of one file, of which `cut` says why it is not whole, what is wrong with it."""
    shorts = {source.where for source in sources if _missing(source) > NEGLIGIBLE}
    # A file may declare its longest stream's duration for all of them: one short stream alone proves nothing.
    is_suspect = cut is not None or len(shorts) == len(sources) or any(source.report.complaints for source in sources)
    for source in sources:
        report = source.report
        if source.where in shorts and is_suspect:
            ends = f"the {source.where} ends at {source.until:.2f} s, the file declares {report.declared_end:.2f} s"
            yield source.where, f"truncated: {ends}"
        elif report.complaints and cut is None:
            why = f"damaged: {report.complaints} packets could not be decoded, what they held is missing"
            yield source.where, why


def _missing(source: Source) -> float:
    declared = source.report.declared_end
    if declared is None:
        return 0.0
    return (declared if source.end is None else min(source.end, declared)) - source.until
