"""Findings into incidents: which belong together, and which alert already tells of them."""

from itertools import pairwise

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from timeseries.alerts._incidents import Patience, incident_codes, matched_alerts

PATIENCE = Patience(merge_days=3, cooldown_days=10)

FINDINGS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 2)), unique=True, max_size=40
)


def codes(rows: list[tuple[int, int, int]]) -> list[int]:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 3).T
    return incident_codes(columns[0], columns[1], columns[2], PATIENCE).tolist()


def test_adjacent_days_are_one_incident_and_a_weekend_does_not_part_them() -> None:
    assert codes([(1, 0, 0), (1, 3, 1)]) == [0, 0]
    assert codes([(1, 0, 0), (1, 4, 1)]) == [0, 1]
    friday, monday, thursday = 4, 7, 17
    assert codes([(1, friday, 0), (1, monday, 1), (1, thursday, 2)]) == [0, 0, 1]


def test_the_same_metric_within_the_cooldown_is_the_same_incident() -> None:
    assert codes([(1, 0, 0), (1, 10, 0)]) == [0, 0]
    assert codes([(1, 0, 0), (1, 11, 0)]) == [0, 1]
    assert codes([(1, 0, 0), (1, 10, 1)]) == [0, 1]


def test_a_repeated_metric_keeps_the_whole_day_in_its_incident() -> None:
    assert codes([(1, 0, 0), (1, 8, 1), (1, 8, 0)]) == [0, 0, 0]


def test_accounts_never_share_an_incident() -> None:
    assert len(set(codes([(1, 0, 0), (2, 0, 0), (3, 1, 0)]))) == 3


@given(FINDINGS, st.randoms())
def test_the_order_of_findings_changes_nothing(
    rows: list[tuple[int, int, int]], random: np.random.Generator
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert dict(zip(rows, codes(rows), strict=True)) == dict(zip(shuffled, codes(shuffled), strict=True))


@given(FINDINGS)
def test_incidents_of_an_account_lie_apart(rows: list[tuple[int, int, int]]) -> None:
    days: dict[tuple[int, int], set[int]] = {}
    for (owner, day, _), code in zip(rows, codes(rows), strict=True):
        days.setdefault((owner, code), set()).add(day)
    spans = sorted((owner, min(seen), max(seen)) for (owner, _), seen in days.items())
    for (one, _, last), (other, first, _) in pairwise(spans):
        assert one != other or first - last > PATIENCE.merge_days


def match(incident: tuple[int, int], alerts: list[tuple[int, int, int, bool]]) -> int | None:
    incidents = pd.DataFrame([("a", *incident)], columns=["owner", "first_day", "last_day"])
    columns = ["alert_id", "owner", "first_day", "last_day", "resolved"]
    told = pd.DataFrame(
        [(number, "a", first, last, resolved) for number, first, last, resolved in alerts], columns=columns
    )
    found = matched_alerts(incidents, told, PATIENCE.merge_days)
    return int(found.loc[0]) if 0 in found.index else None


def test_an_incident_goes_with_the_alert_it_overlaps() -> None:
    assert match((5, 8), [(1, 0, 3, False), (2, 6, 6, True)]) == 2


def test_a_finding_moved_by_late_data_stays_with_its_alert() -> None:
    assert match((13, 13), [(1, 10, 10, False)]) == 1
    assert match((7, 7), [(1, 10, 10, True)]) == 1
    assert match((14, 14), [(1, 10, 10, False)]) is None


def test_of_equally_near_alerts_the_open_one_is_taken_then_the_oldest() -> None:
    assert match((5, 5), [(1, 5, 5, True), (2, 5, 5, False)]) == 2
    assert match((5, 5), [(2, 5, 5, False), (1, 5, 5, False)]) == 1


def test_there_may_be_no_alerts_at_all() -> None:
    assert match((5, 5), []) is None
