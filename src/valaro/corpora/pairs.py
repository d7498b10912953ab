"""Sessions for a corpus that has none: a woman and a man each, as where two people were recorded together."""

from collections.abc import Mapping


def paired_sessions(genders: Mapping[str, str]) -> dict[str, str]:
    """Return each speaker's session, given the speakers' genders (`F` or `M`).

    In the order of their names the first woman is paired with the first man, the second with the second. Whoever is
    left over joins the pairs in turn as a third person, beginning with the first, so that every session has both
    genders and either can be held out. Of one gender alone two make a session, and an odd last one joins the last.

    >>> paired_sessions({"c": "M", "a": "F", "b": "M", "e": "M", "d": "F"})
    {'a': '01', 'd': '02', 'b': '01', 'c': '02', 'e': '01'}
    >>> paired_sessions({"a": "F", "b": "F", "c": "F", "d": "F", "e": "F"})
    {'a': '01', 'b': '01', 'c': '02', 'd': '02', 'e': '02'}
    """
    women = sorted(name for name, gender in genders.items() if gender == "F")
    men = sorted(name for name, gender in genders.items() if gender != "F")
    if women and men:
        pairs = min(len(women), len(men))
        numbers = {name: index % pairs for side in (women, men) for index, name in enumerate(side)}
    else:
        last = max(len(genders) // 2 - 1, 0)
        numbers = {name: min(index // 2, last) for index, name in enumerate(women or men)}
    return {name: f"{number + 1:02d}" for name, number in numbers.items()}
