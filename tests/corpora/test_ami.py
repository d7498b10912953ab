"""AMI, in folders of its form that are made here, with real voices and real faces where these are at hand."""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile

from helpers.ami import (
    HERTZ,
    SEATS,
    MadeWord,
    make_close_up,
    make_headset,
    make_meeting,
    shade,
    talk,
    write_meetings,
    write_segments,
    write_words,
)
from helpers.kinds import reader
from helpers.media import cut_in_half, make_recording, real_recordings
from valaro.corpora.reading import Reading, require_complete
from valaro.corpora.registry import read_kind
from valaro.errors import ValaroError
from valaro.media import faces
from valaro.media.decode import decode_clip
from valaro.media.yunet import Face
from valaro.recordings import extract_utterance
from valaro.records import Utterance
from valaro.store.manifest import read_manifest, write_manifest

read_ami = reader("ami")

MEETING, SECONDS = "ES2002a", 130.0


class AnyLight:
    """A detector that takes every picture that is not dark for a face: drawn pictures have none."""

    def __call__(self, picture: np.ndarray) -> tuple[Face, ...]:
        face = Face(left=10.0, top=10.0, width=20.0, height=20.0, yaw=0.0, score=0.9)
        return (face,) if picture.mean() > 30 else ()


@pytest.fixture(autouse=True)
def _light_is_a_face(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "recordings" not in request.keywords:
        monkeypatch.setattr(faces, "YuNet", AnyLight)


@pytest.fixture(scope="module")
def meeting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, list[MadeWord]]]:
    """One meeting of four with all that belongs to it, and who said what; tests only read it."""
    folder = tmp_path_factory.mktemp("amicorpus")
    write_meetings(folder, [MEETING])
    return folder, make_meeting(folder, MEETING, SECONDS)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A meeting of 20 s to be copied and spoilt."""
    folder = tmp_path_factory.mktemp("small")
    write_meetings(folder, [MEETING])
    make_meeting(folder, MEETING, 20.0)
    return folder


@pytest.fixture
def spoilt(small: Path, tmp_path: Path) -> Path:
    """A copy of the small meeting: links to its recordings, files of its own for what a test changes."""
    folder = tmp_path / "amicorpus"
    for path in small.rglob("*.*"):
        copy = folder / path.relative_to(small)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".xml":
            copy.write_bytes(path.read_bytes())
        else:
            copy.symlink_to(path)
    return folder


def letter(utterance: Utterance) -> str:
    return utterance.id.split(".")[1]


def by_speaker(reading: Reading) -> dict[str, list[Utterance]]:
    found: dict[str, list[Utterance]] = {}
    for utterance in reading.utterances:
        found.setdefault(utterance.id.rpartition(".")[0], []).append(utterance)
    return found


def heard(utterance: Utterance) -> np.ndarray:
    assert utterance.sound is not None
    return decode_clip(utterance.sound, start=utterance.sound_start, end=utterance.sound_start + 1.28).samples


def pitch(samples: np.ndarray) -> float:
    return float(np.abs(np.fft.rfft(samples)).argmax()) * 16_000 / len(samples)


def test_two_hundred_samples_each_inside_its_three_words_before_the_right_camera(meeting) -> None:
    folder, said = meeting
    reading = read_ami(folder, samples=200)
    assert (len(reading.utterances), reading.rejected, reading.remarks) == (200, (), ())
    assert len({utterance.id for utterance in reading.utterances}) == 200
    for utterance in reading.utterances:
        channel, camera, person = SEATS[letter(utterance)]
        place = int(utterance.id.rpartition(".")[2])
        spoken = [word for word in said[letter(utterance)] if not word.more]
        middle = spoken.index(said[letter(utterance)][place])
        first, last = spoken[middle - 1], spoken[middle + 1]
        centre = utterance.start + 0.64
        assert first.begin <= centre <= last.end
        # On the grid, hence up to 5 ms beside the middle time; moved only at the recording's ends.
        if utterance.start > 0 and utterance.end < SECONDS:
            assert centre == pytest.approx((first.begin + last.end) / 2, abs=0.0051)
        assert utterance.end - utterance.start == pytest.approx(1.28)
        assert utterance.start >= 0
        assert utterance.end <= SECONDS
        assert utterance.media == folder / MEETING / "video" / f"{MEETING}.{camera}.avi"
        assert utterance.sound == folder / MEETING / "audio" / f"{MEETING}.Headset-{channel}.wav"
        assert utterance.sound_start == utterance.start
        assert (utterance.speaker, utterance.gender) == (f"ami/{person}", person[0])
        assert (utterance.corpus, utterance.session, utterance.ratings) == ("ami", "ES2002", ())


def test_what_is_seen_and_heard_of_a_sample_is_its_speaker(meeting) -> None:
    folder, _ = meeting
    for utterance in read_ami(folder, samples=24).utterances:
        channel, camera, _ = SEATS[letter(utterance)]
        picture = decode_clip(utterance.media, start=utterance.start, end=utterance.end, sound=False)
        assert picture.frames.mean() == pytest.approx(shade(camera), abs=3)
        assert pitch(heard(utterance)) == pytest.approx(HERTZ[int(channel)], abs=8)
        (voice,) = extract_utterance(utterance, ["fbank"]).features
        assert voice.values.shape == (128, 128)


def test_no_sample_is_silent_though_the_words_go_on(meeting, tmp_path) -> None:
    folder, said = meeting
    # B's headset dies after 60 s, A's is off; the transcripts do not know.
    for path in folder.rglob("*.*"):
        copy = tmp_path / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.symlink_to(path)
    for agent, words in (("B", [word for word in said["B"] if word.end < 60]), ("A", [])):
        (tmp_path / MEETING / "audio" / f"{MEETING}.Headset-{SEATS[agent][0]}.wav").unlink()
        make_headset(tmp_path, MEETING, SEATS[agent][0], SECONDS, words)
    for name in said:
        path = tmp_path / "words" / f"{MEETING}.{name}.words.xml"
        path.unlink()
        write_words(tmp_path, f"{MEETING}.{name}", said[name])
    (tmp_path / "corpusResources" / "meetings.xml").unlink()
    write_meetings(tmp_path, [MEETING])
    reading = read_ami(tmp_path, samples=1000)
    speakers = by_speaker(reading)
    assert set(speakers) == {f"ami/{MEETING}.{agent}" for agent in "BCD"}
    for utterance in reading.utterances:
        loud = np.abs(heard(utterance)) > 0.05
        # A tone of amplitude 0.3 is above 0.05 in nine tenths of its samples: 0.18 s of 0.2.
        assert loud.sum() > 0.17 * 16_000
    assert max(utterance.start for utterance in speakers[f"ami/{MEETING}.B"]) < 60
    assert reading.skipped["places of silence"] > 200


def test_a_sample_without_any_face_is_dropped(meeting, spoilt) -> None:
    camera = SEATS["C"][1]
    (spoilt / MEETING / "video" / f"{MEETING}.{camera}.avi").unlink()
    make_close_up(spoilt, MEETING, camera, 20.0, dark=(6.0, 12.0))
    reading = read_ami(spoilt, samples=1000, overlap=True)
    starts = [utterance.start for utterance in by_speaker(reading)[f"ami/{MEETING}.C"]]
    # One lit picture of a stretch is enough: it begins before 6 s, or ends after 12 s, at 10.72 s or later.
    assert not [start for start in starts if 6.0 < start < 10.70]
    assert [start for start in starts if 5.0 < start < 6.0]
    assert [start for start in starts if 10.74 < start < 12.0]
    # C's places in the dark begin at 6.18, 6.48 ... 7.98 s and at 10.38 and 10.68 s.
    assert reading.skipped["places without a face"] == 9
    blind = read_ami(spoilt, samples=1000, overlap=True, faces=False)
    assert len(blind.utterances) == len(reading.utterances) + reading.skipped["places without a face"]
    assert "not looked at: whether a face shows" in blind.remarks


def test_the_same_seed_gives_the_same_samples_and_more_contain_fewer(meeting) -> None:
    folder, _ = meeting
    twenty = read_ami(folder, samples=20)
    assert read_ami(folder, samples=20) == twenty
    assert read_ami(folder, samples=60, workers=3).utterances[:20] == twenty.utterances
    other = read_ami(folder, samples=20, seed=1)
    assert len({u.id for u in other.utterances} & {u.id for u in twenty.utterances}) < 10


def test_samples_of_a_speaker_never_overlap_unless_asked(meeting) -> None:
    folder, _ = meeting
    apart = read_ami(folder, samples=10_000, faces=False)
    for utterances in by_speaker(apart).values():
        spans = sorted((utterance.start, utterance.end) for utterance in utterances)
        assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    together = read_ami(folder, samples=10_000, faces=False, overlap=True)
    assert len(together.utterances) > 3 * len(apart.utterances)


def test_a_shortfall_is_said_with_its_reasons(meeting) -> None:
    folder, said = meeting
    reading = read_ami(folder, samples=20_000, faces=False)
    places = sum(word.more == "" for words in said.values() for word in words)
    # Each sentence of twelve words has ten places.
    places = places // 12 * 10
    refused = {what: count for what, count in reading.skipped.items() if what.startswith("places")}
    assert len(reading.utterances) + sum(refused.values()) == places
    assert set(refused) <= {"places overlapping a sample", "places at the edge of a recording"}
    assert reading.remarks[0].startswith(
        f"asked for 20000 samples, got {len(reading.utterances)}: of all {places} places "
        f"{refused['places overlapping a sample']} were overlapping a sample"
    )
    with pytest.raises(ValaroError) as caught:
        require_complete(reading, "ami")
    first, second, _ = str(caught.value).split("\n")
    assert first == f"ami: 20000 samples expected, {len(reading.utterances)} read, 0 rejected"
    assert second == f"  {reading.remarks[0]}"


def test_where_there_is_no_close_up_only_voices_alone_can_be_drawn(spoilt) -> None:
    for path in (spoilt / MEETING / "video").glob("*.avi"):
        path.unlink()
    with pytest.raises(ValaroError) as caught:
        read_ami(spoilt, samples=5)
    assert str(caught.value) == (
        f"{spoilt}: no speaker to draw samples from: 4 speakers without a close-up camera's recording; "
        "--no-faces draws from voices alone"
    )
    reading = read_ami(spoilt, samples=5, faces=False)
    assert all(u.media.suffix == ".wav" and u.sound is None and u.end is not None for u in reading.utterances)
    assert reading.remarks == (
        "not looked at: whether a face shows; 4 speakers have no close-up camera's recording, "
        "their samples are voice alone",
    )


def test_what_was_not_downloaded_is_counted_and_nothing_of_it_is_read(spoilt) -> None:
    write_meetings(spoilt, [MEETING, "ES2002b", "IS1000a"])
    (spoilt / "words" / "IS1000a.A.words.xml").write_text("no XML at all")
    (spoilt / MEETING / "audio" / f"{MEETING}.Headset-{SEATS['A'][0]}.wav").unlink()
    (spoilt / MEETING / "video" / f"{MEETING}.{SEATS['B'][1]}.avi").unlink()
    (spoilt / "words" / f"{MEETING}.C.words.xml").unlink()
    reading = read_ami(spoilt, samples=5)
    assert {letter(utterance) for utterance in reading.utterances} == {"D"}
    assert reading.rejected == ()
    assert {what: count for what, count in reading.skipped.items() if count} == {
        "meetings without recordings": 2,
        "speakers without a headset's recording": 1,
        "speakers without a close-up camera's recording": 1,
        "speakers without a transcript": 1,
        **{what: count for what, count in reading.skipped.items() if what.startswith("places")},
    }


def test_a_bad_file_is_a_problem_and_the_others_go_on(spoilt) -> None:
    audio, video = spoilt / MEETING / "audio", spoilt / MEETING / "video"
    headset, camera = audio / f"{MEETING}.Headset-1.wav", video / f"{MEETING}.{SEATS['B'][1]}.avi"
    whole = headset.resolve()
    headset.unlink()
    headset.write_bytes(b"RIFF" + whole.read_bytes()[4:40])
    camera.unlink()
    camera.write_text("hello world\n" * 100)
    words = spoilt / "words" / f"{MEETING}.C.words.xml"
    words.write_bytes(words.read_bytes().replace(b"<nite:root", b"<!DOCTYPE a><nite:root"))
    reading = read_ami(spoilt, samples=1000)
    assert {letter(utterance) for utterance in reading.utterances} == {"D"}
    problems = {problem.utterance: problem for problem in reading.rejected}
    assert set(problems) == {f"ami/{MEETING}.{agent}" for agent in "ABC"}
    assert str(headset) in problems[f"ami/{MEETING}.A"].why
    assert str(camera) in problems[f"ami/{MEETING}.B"].why
    assert f"{words}, line 2: declares a document type" in problems[f"ami/{MEETING}.C"].why
    assert reading.skipped["places in recordings that cannot be decoded"] > 50
    assert not reading.is_complete


def test_a_recording_cut_short_gives_what_it_still_has(spoilt) -> None:
    headset = spoilt / MEETING / "audio" / f"{MEETING}.Headset-{SEATS['D'][0]}.wav"
    whole = headset.resolve()
    headset.unlink()
    cut_in_half(whole, headset)
    mine = by_speaker(read_ami(spoilt, samples=1000))[f"ami/{MEETING}.D"]
    assert max(utterance.end for utterance in mine) <= 10.0
    assert len(mine) >= 3


def test_segments_that_lead_out_of_the_corpus_are_a_problem_and_not_followed(spoilt) -> None:
    write_segments(spoilt, f"{MEETING}.A", [], href="../../../etc/passwd#id(a)")
    reading = read_ami(spoilt, samples=5)
    (problem,) = reading.rejected
    assert (problem.utterance, problem.where) == (f"ami/{MEETING}.A", "segments")
    assert "'../../../etc/passwd#id(a)' leads out of its folder" in problem.why
    assert len(reading.utterances) == 5


def test_a_transcript_of_somebody_whom_the_meetings_do_not_know_is_a_problem(spoilt) -> None:
    write_words(spoilt, f"{MEETING}.E", talk(20.0))
    (problem,) = read_ami(spoilt, samples=5).rejected
    assert problem.utterance == f"ami/{MEETING}.E"
    assert "whose headset and camera?" in problem.why


def test_words_with_impossible_times_are_remarked(spoilt) -> None:
    path = write_words(spoilt, f"{MEETING}.A", [*talk(15.0), MadeWord(18.0, 17.0)])
    remarks = read_ami(spoilt, samples=5).remarks
    line = 3 + len(talk(15.0))
    assert remarks == (
        f"1 words with impossible times were passed over, the first one {path}, line {line}: "
        "a word from '18.00' to '17.00' s",
    )


@pytest.mark.parametrize("layout", ["one", "manual inside", "both in one", "beside", "from the manual"])
def test_annotations_may_lie_in_or_beside_the_recordings(tmp_path, layout: str) -> None:
    manual = {
        "one": tmp_path / "ami",
        "manual inside": tmp_path / "ami" / "ami_public_manual_1.6.2",
        "both in one": tmp_path / "ami" / "ami_public_manual_1.6.2",
        "beside": tmp_path / "ami_public_manual_1.6.2",
        "from the manual": tmp_path / "ami_public_manual_1.6.2",
    }[layout]
    recordings = tmp_path / {"both in one": "ami/amicorpus", "from the manual": "amicorpus"}.get(layout, "ami")
    given = manual if layout == "from the manual" else tmp_path / "ami"
    write_meetings(manual, [MEETING])
    make_meeting(recordings, MEETING, 6.0, annotations=manual)
    reading = read_ami(given, samples=2)
    assert len(reading.utterances) == 2
    assert all(recordings in utterance.media.parents for utterance in reading.utterances)


def test_a_folder_that_is_no_corpus_is_a_mistake_that_says_what_was_expected(tmp_path) -> None:
    with pytest.raises(ValaroError, match=r"corpusResources/meetings\.xml, there or in ami_public_manual_1\.6\.2"):
        read_ami(tmp_path)
    write_meetings(tmp_path, [MEETING])
    with pytest.raises(ValaroError, match=r"recordings such as ES2002a/audio/ES2002a\.Headset-0\.wav"):
        read_ami(tmp_path)
    with pytest.raises(ValaroError, match="nowhere: there is no such folder"):
        read_ami(tmp_path / "nowhere")


def test_a_misspelt_folder_beside_a_corpus_is_not_that_corpus(tmp_path) -> None:
    manual = tmp_path / "ami_public_manual_1.6.2"
    write_meetings(manual, [MEETING])
    make_meeting(tmp_path / "amicorpus", MEETING, 6.0, annotations=manual)
    with pytest.raises(ValaroError, match="amicorpse: there is no such folder"):
        read_ami(tmp_path / "amicorpse", samples=2, faces=False)


def test_a_person_in_two_meetings_of_a_group_is_one_speaker_of_one_session_and_nobody_is_nobody(tmp_path) -> None:
    write_meetings(tmp_path, ["ES2002a", "ES2002b"], {"A": ("0", "Closeup1", "FEE005"), "B": ("1", "Closeup2", "")})
    for meeting in ("ES2002a", "ES2002b"):
        for agent, channel in (("A", "0"), ("B", "1")):
            write_words(tmp_path, f"{meeting}.{agent}", talk(8.0))
            make_headset(tmp_path, meeting, channel, 8.0, talk(8.0))
    reading = read_ami(tmp_path, samples=12, faces=False)
    assert Counter((u.speaker, u.session, u.is_speaker_known) for u in reading.utterances).keys() == {
        ("ami/FEE005", "ES2002", True),
        ("ami/?ES2002a.B", "ES2002", False),
        ("ami/?ES2002b.B", "ES2002", False),
    }


def test_the_first_and_last_words_of_a_recording_are_kept_inside_it(tmp_path) -> None:
    # Middle times 0.425, 2.28 and 3.6 s in 4 s of sound: 0.43 - 0.64 < 0 is moved to 0, 3.6 + 0.64 > 4 to 2.72.
    words = [MadeWord(b, b + 0.25) for b in (0.0, 0.3, 0.6, 1.9, 2.15, 2.41, 3.25, 3.5, 3.7)]
    write_meetings(tmp_path, [MEETING], {"A": ("0", "", "FEE005")})
    write_words(tmp_path, f"{MEETING}.A", words)
    make_headset(tmp_path, MEETING, "0", 4.0, words)
    reading = read_ami(tmp_path, samples=10, faces=False, overlap=True)
    crops = {u.id.rpartition(".")[2]: (u.start, u.end) for u in reading.utterances}
    assert crops == {"1": (0.0, 1.28), "4": (1.64, 2.92), "7": (2.72, 4.0)}
    assert not [what for what in reading.skipped if what.startswith("places")]


def test_words_that_a_moved_sample_would_leave_are_at_the_edge(tmp_path) -> None:
    # The last sample that fits into 4 s is centred at 3.36 s, before these words begin; the first one at 0.64 s.
    words = [MadeWord(b, b + 0.08) for b in (0.1, 0.2, 0.3, 1.9, 2.0, 2.1, 3.6, 3.7, 3.8)]
    write_meetings(tmp_path, [MEETING], {"A": ("0", "", "FEE005")})
    write_words(tmp_path, f"{MEETING}.A", words)
    make_headset(tmp_path, MEETING, "0", 4.0, words)
    reading = read_ami(tmp_path, samples=10, faces=False, overlap=True)
    assert [utterance.id for utterance in reading.utterances] == [f"ami/{MEETING}.A.4"]
    assert reading.skipped["places at the edge of a recording"] == 2


def test_the_kind_ami_takes_its_options_and_tells_how_far_it_is(spoilt, tmp_path) -> None:
    told: list[tuple[int, int]] = []
    options = {"samples": 3, "seed": 2, "overlap": True, "faces": False, "workers": 1, "corpus": None}
    reading = read_kind("ami", spoilt, options, lambda done, asked: told.append((done, asked)))
    assert told[-1] == (3, 3)
    write_manifest(tmp_path / "m.parquet", reading.utterances, reading.notes)
    manifest = read_manifest(tmp_path / "m.parquet")
    # The manifest names recordings by the folders that links lead to.
    assert [u.id for u in manifest.utterances] == [u.id for u in reading.utterances]
    assert "CC BY 4.0" in manifest.notes[0].text
    with pytest.raises(ValaroError, match=r"--seats means nothing for 'ami'; options of this kind: --samples, --seed"):
        read_kind("ami", spoilt, {"seats": spoilt})


def real(folder: str) -> Path:
    path = real_recordings(folder)
    if not path.is_dir():
        pytest.skip(f"the recordings {folder} are not beside the project")
    return path


@pytest.mark.recordings
def test_two_hundred_samples_of_real_headsets_are_none_of_them_silent(tmp_path) -> None:
    librosa = pytest.importorskip("librosa")
    files = sorted((real("ami") / "audio").glob("*.flac"))
    sounds = [decode_clip(path).samples for path in files]
    # Words without a pause all the time, whatever is said: only the sound can tell where there is silence.
    words = [MadeWord(round(0.3 * place, 2), round(0.3 * place + 0.25, 2)) for place in range(196)]
    write_meetings(tmp_path, ["ES2002a", "ES2002b"])
    wholes: dict[Path, np.ndarray] = {}
    for number in range(8):
        meeting, agent = ("ES2002a", "ES2002b")[number // 4], "ABCD"[number % 4]
        write_words(tmp_path, f"{meeting}.{agent}", words)
        path = tmp_path / meeting / "audio" / f"{meeting}.Headset-{SEATS[agent][0]}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        wholes[path] = np.concatenate([sounds[number], sounds[(number + 3) % 8]])
        soundfile.write(path, wholes[path], 16_000)
    reading = read_ami(tmp_path, samples=200, faces=False)
    assert (len(reading.utterances), reading.rejected) == (200, ())
    assert reading.skipped["places of silence"] > 20
    # An independent judge: librosa's own measure of silence, here 40 dB below the recording's loudest.
    active = {path: np.zeros(len(sound), bool) for path, sound in wholes.items()}
    for path, sound in wholes.items():
        for first, last in librosa.effects.split(sound, top_db=40, frame_length=320, hop_length=160):
            active[path][first:last] = True
    shares = []
    for utterance in reading.utterances:
        first = round(utterance.start * 16_000)
        shares.append(active[utterance.media][first : first + 20_480].mean())
    assert min(shares) > 0.1


@pytest.mark.recordings
def test_real_faces_are_found_by_the_real_detector_and_frames_without_any_are_dropped(tmp_path) -> None:
    clip = decode_clip(next(iter(sorted((real("grid_s1") / "video").glob("*.mpg")))), sound=False)
    frames = clip.frames[:75, :288, :352]
    assert frames.shape == (75, 288, 352)

    def draw(index: int, height: int, width: int) -> np.ndarray:
        # A face for 6 s, then the same wall without anybody.
        wall = np.tile(frames[0][:, :1], (1, width))
        return np.ascontiguousarray(frames[index % 75]) if index < 150 else wall

    words = talk(12.0, silence=0.3)
    write_meetings(tmp_path, [MEETING], {"B": ("0", "Closeup4", "FEE005")})
    write_words(tmp_path, f"{MEETING}.B", words)
    make_headset(tmp_path, MEETING, "0", 12.0, words)
    path = tmp_path / MEETING / "video" / f"{MEETING}.Closeup4.avi"
    path.parent.mkdir()
    make_recording(path, seconds=12.0, size=(352, 288), draw=draw, video_codec="mpeg4", pixel_format="yuv420p")
    reading = read_ami(tmp_path, samples=100, overlap=True)
    starts = [utterance.start for utterance in reading.utterances]
    assert max(starts) <= 6.0
    assert len([start for start in starts if start < 4.7]) >= 8
    assert reading.skipped["places without a face"] >= 8
    # Extraction agrees: whatever was drawn has both modalities, 128 rows each.
    for utterance in reading.utterances[:6]:
        extracted = extract_utterance(utterance, ["fbank", "face"])
        assert extracted.problems == ()
        assert [feature.values.shape for feature in extracted.features] == [(128, 128), (128, 128)]
