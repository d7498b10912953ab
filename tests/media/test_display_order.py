"""Pictures of a container without times are shown in the order of its slots, whatever the order of decoding."""

from valaro.media.clock import DisplayOrder


def shown(decoded, coming_out, depth, **start):
    order = DisplayOrder(**start)
    for slot in decoded:
        order.add(slot)
    return [order.take(slot, depth) for slot in coming_out]


def test_reordered_pictures_take_the_slots_one_after_the_other():
    # I0 P1 B2 B3 are shown as I0 B2 B3 P1.
    assert shown([0, 1, 2, 3], [0, 2, 3, 1], depth=1) == [0, 1, 2, 3]


def test_a_slot_that_a_recorder_left_empty_stays_empty():
    assert shown([0, 1, 4, 5], [0, 1, 4, 5], depth=0) == [0, 1, 4, 5]


def test_a_lost_picture_moves_none_of_those_that_follow():
    assert shown([0, 1, 2, 3, 4], [0, 1, 3, 4], depth=0) == [0, 1, 3, 4]
    # Of I0 P1 B2 B3 P4 B5 B6, B2 is lost: B3 may stand in its slot, the next B brings all back into step.
    assert shown([0, 1, 2, 3, 4, 5, 6], [0, 3, 1, 5, 6, 4], depth=1) == [0, 2, 3, 4, 5, 6]


def test_what_an_encoder_left_empty_while_it_looked_ahead_is_no_time():
    assert shown([0, 3, 4, 5], [0, 4, 5, 3], depth=1, first=0, delay=2) == [0, 1, 2, 3]
