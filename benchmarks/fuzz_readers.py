"""Does any byte string make a parser of files from outside raise anything but our own errors?

    python benchmarks/fuzz_readers.py [--examples 100000] [--only NAME ...] [--seed 0]

Shares the examples out among the parsers: pieces of each one's own form in any order, mixed with noise. An example
passes if the parser returns or raises a ValaroError; the first other one is shown in its shortest form and the script
ends with 1. The tests do the same with a few hundred examples each.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from valaro.corpora.ami_folder import AmiFolder
from valaro.corpora.ami_meetings import read_seating
from valaro.corpora.ami_transcript import read_transcript
from valaro.corpora.crema_d_votes import read_votes
from valaro.corpora.from_audformat import read_audformat
from valaro.corpora.iemocap_turns import read_evaluation
from valaro.corpora.levels_table import read_levels
from valaro.corpora.speaker_positions import read_speaker_positions
from valaro.corpora.table import read_table
from valaro.errors import ValaroError

COMMON = (
    *(
        "\n",
        "\r\n",
        "\t",
        " ",
        ",",
        ";",
        '"',
        "\0",
        "\ufeff",
        "9" * 30,
        "-1",
        "nan",
        "1e999",
        "\u2028",
        "\N{DIGIT TWO}",
    ),
    *("[", "]", "<", ">", "&", "/", "..", "=", "{", "}", ": ", "- "),
)
XML = (
    *(
        '<?xml version="1.0" encoding="ISO-8859-1"?>',
        "<!DOCTYPE x [<!ENTITY a 'b'>]>",
        "&a;",
        "</nite:root>",
        "<![CDATA[",
    ),
    '<nite:root nite:id="x" xmlns:nite="http://nite.sourceforge.net/">',
)

Parser = tuple[str, Callable[[Path], object], tuple[str, ...]]
"""Where the file lies below a folder, what reads it there, and pieces of its form."""

PARSERS: dict[str, Parser] = {
    "iemocap": (
        "Ses01F_impro01.txt",
        lambda folder: read_evaluation(folder / "Ses01F_impro01.txt"),
        (
            "[6.2901 - 8.2357]\tSes01F_impro01_F000\tneu\t[2.5000, 2.5000, 2.5000]\n",
            *("A-E3:\tval 3; act 2; dom  2;\t()\n", "C-E2:\tNeutral;\t()\n", "A-F1:\tval 9;", "% [START_TIME"),
        ),
    ),
    "ami words": (
        "words/ES2002a.B.words.xml",
        lambda folder: read_transcript(AmiFolder(annotations=folder, recordings=folder), "ES2002a.B"),
        (*XML, '<w nite:id="a.words0" starttime="1.0" endtime="1.5">yes</w>', '<w punc="true">.</w>', "<gap/>"),
    ),
    "ami segments": (
        "segments/ES2002a.B.segments.xml",
        lambda folder: read_transcript(AmiFolder(annotations=folder, recordings=folder), "ES2002a.B"),
        (
            *XML,
            '<segment transcriber_start="1">',
            '<nite:child href="ES2002a.B.words.xml#id(a)..id(b)"/>',
            "</segment>",
        ),
    ),
    "ami meetings": (
        "corpusResources/meetings.xml",
        read_seating,
        (
            *XML,
            *('<meeting observation="ES2002a">', "</meeting>", 'global_name="FEE005" role="PM"/>'),
            '<speaker nxt_agent="A" channel="0" camera="Closeup4" ',
        ),
    ),
    "crema-d": (
        "tabulatedVotes.csv",
        lambda folder: read_votes(folder / "tabulatedVotes.csv"),
        ('"","A","D","F","H","N","S","fileName","numResponses"\n', '"100001",0,0,0,1,10,0,"1001_IEO_NEU_XX",11\n'),
    ),
    "table": (
        "t.csv",
        lambda folder: read_table(folder / "t.csv"),
        ("utterance,file,start,end,speaker,valence\n", "x,a.wav,0,1,03,2;4;5\n", "y,../a.wav,,,?,high\n"),
    ),
    "levels": (
        "l.csv",
        lambda folder: read_levels(folder / "l.csv"),
        ("category,valence,arousal\n", "awe,low,high\n", "awe,,\n"),
    ),
    "speaker positions": (
        "s.csv",
        lambda folder: read_speaker_positions(folder / "s.csv", ["Ses03F_impro01"]),
        ("dialog,left\n", "Ses03,F\n", "Ses03M,x\n"),
    ),
    "audformat": (
        "db.yaml",
        read_audformat,
        (
            *(
                "name: x\n",
                "source: y\n",
                "usage: other\n",
                "languages: [deu]\n",
                "!!python/object/apply:os.system [x]\n",
            ),
            *(
                "schemes:\n  valence: {dtype: float, minimum: 1, maximum: 5}\n",
                "&a [*a]",
                "tables:\n  t: {type: filewise}\n",
            ),
        ),
    ),
}


def fuzz(name: str, folder: Path, examples: int, start: int) -> bool:
    """Give one parser its examples; print how long they took or what broke it."""
    where, parse, pieces = PARSERS[name]
    file = folder / where
    file.parent.mkdir(parents=True, exist_ok=True)
    part = st.one_of(st.sampled_from([piece.encode() for piece in (*pieces, *COMMON)]), st.binary(max_size=8))

    @seed(start)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        # Its metaclass says of itself that it yields classes.
        suppress_health_check=list(cast("Iterable[HealthCheck]", HealthCheck)),
    )
    @given(st.lists(part, max_size=14))
    def run(parts: list[bytes]) -> None:
        file.write_bytes(b"".join(parts))
        with suppress(ValaroError):
            parse(folder)

    begun = time.perf_counter()
    try:
        run()
    except Exception:  # noqa: BLE001 - whatever it is, it must not be
        print(f"{name}: BROKEN\n{traceback.format_exc()}")
        return False
    print(
        f"{name:14s} {examples} examples, {time.perf_counter() - begun:.0f} s: nothing but our own errors", flush=True
    )
    return True


def main() -> None:
    """Fuzz the parsers, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=100_000, help="shared out among the parsers")
    parser.add_argument("--only", nargs="+", choices=list(PARSERS), default=list(PARSERS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    each = -(-options.examples // len(options.only))
    with tempfile.TemporaryDirectory() as home:
        whole = [fuzz(name, Path(home) / str(place), each, options.seed) for place, name in enumerate(options.only)]
    sys.exit(0 if all(whole) else 1)


if __name__ == "__main__":
    main()
