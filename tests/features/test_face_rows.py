"""Crops become grid rows: each frame embedded once, in batches of 32, at most about 30 a second."""

import numpy as np

from valaro.features.face_rows import FaceRows


class Mean:
    """A face feature of width 1, the crop's mean, that counts its batches."""

    name, dim, version = "mean", 1, 1

    def __init__(self):
        self.batches = []

    def __call__(self, crops):
        self.batches.append(len(crops))
        return crops.mean(axis=(1, 2), dtype=np.float32)[:, None]


def rows_of(rate, count, portion=1000):
    feature = Mean()
    rows = FaceRows([feature], 0.0)
    crops = np.arange(count, dtype=np.uint8)[:, None, None] * np.ones((1, 64, 64), np.uint8)
    times = np.arange(count) / rate
    parts = [rows.push(crops[k : k + portion], times[k : k + portion])[0] for k in range(0, count, portion)]
    return np.concatenate([*parts, rows.finish(round(100 * count / rate))[0]]), feature.batches


def test_two_seconds_at_25_frames_are_200_rows_of_50_embeddings():
    values, batches = rows_of(25, 50)
    assert batches == [32, 18]
    assert values[:, 0].tolist() == [k // 4 for k in range(200)]


def test_batches_count_from_the_first_frame_however_they_arrive():
    whole, parts = rows_of(25, 100), rows_of(25, 100, portion=7)
    assert whole[1] == parts[1] == [32, 32, 32, 4]
    assert (whole[0] == parts[0]).all()


def test_of_60_frames_a_second_every_other_is_embedded_of_29_97_all():
    assert sum(rows_of(60, 120)[1]) == 60
    assert sum(rows_of(29.97, 90)[1]) == 90
