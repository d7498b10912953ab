"""The one list of the forms of recordings that are opened, and of the ends of their names."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form of files that FFmpeg reads without opening any other file or address."""

    name: str
    """FFmpeg's own name of what reads it."""
    sounds: tuple[str, ...] = ()
    """The ends of names of files of it that hold sound."""
    films: tuple[str, ...] = ()
    """The ends of names of files of it that hold pictures, as a rule with sound."""


FORMS = (
    Form(
        name="mov",
        sounds=(".alac", ".m4a", ".m4b"),
        films=(".3g2", ".3gp", ".3gpp", ".f4v", ".mov", ".mp4", ".qt"),
    ),
    Form(name="matroska", sounds=(".mka", ".weba"), films=(".mk3d", ".mkv", ".webm")),
    Form(name="avi", films=(".avi", ".divx")),
    Form(name="mpeg", films=(".mod", ".mpe", ".mpeg", ".mpg", ".tod", ".vob")),
    Form(name="mpegvideo", films=(".m1v", ".m2v", ".mpv")),
    Form(name="mpegts", films=(".m2t", ".m2ts", ".mts", ".ts")),
    Form(name="m4v", films=(".m4v",)),
    Form(name="flv", films=(".flv",)),
    Form(name="asf", sounds=(".wma",), films=(".asf", ".wmv")),
    Form(name="ogg", sounds=(".oga", ".ogg", ".opus", ".spx"), films=(".ogm", ".ogv")),
    Form(name="wav", sounds=(".wav", ".wave")),
    Form(name="w64", sounds=(".w64",)),
    Form(name="aiff", sounds=(".aif", ".aifc", ".aiff")),
    Form(name="au", sounds=(".au", ".snd")),
    Form(name="caf", sounds=(".caf",)),
    Form(name="flac", sounds=(".flac",)),
    Form(name="mp3", sounds=(".mp2", ".mp3", ".mpa")),
    Form(name="aac", sounds=(".aac",)),
)
SOUNDS = frozenset(suffix for form in FORMS for suffix in form.sounds)
FILMS = frozenset(suffix for form in FORMS for suffix in form.films)
RECORDINGS = SOUNDS | FILMS
