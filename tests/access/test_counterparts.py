"""What is found of an account may name others; a scoped reader is told of those of its groups alone."""

import json
from datetime import date

import pytest
from sqlalchemy import text
from two_desks import Desk

from timeseries import alerts, reads
from timeseries.access import reader
from timeseries.alerts import raise_alerts
from timeseries.config import Settings
from timeseries.database import Database

COPIED = text(
    """
    INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, direction, severity,
                          at_stake, reason, evidence)
    SELECT 'rule', account_id, '2024-03-06', '2024-03-06', 'copied', 'rule', 1, 'critical', 500,
           :reason, CAST(:evidence AS jsonb)
    FROM accounts WHERE account = 'ours-2'
    """
)
REASON = "9 trades were opened within 5 seconds of account theirs-1 and 1 more accounts in the same symbol."
SEEN_BY = {
    "findings": "SELECT reason || evidence FROM findings WHERE subject = 'copied'",
    "alerts": "SELECT title || body FROM alerts WHERE subject = 'copied'",
    "dashboard.findings": "SELECT reason || evidence FROM dashboard.findings WHERE subject = 'copied'",
    "dashboard.alerts": "SELECT title || body FROM dashboard.alerts WHERE subject = 'copied'",
}


def counterpart(account: str) -> dict[str, object]:
    return {"account": account, "matches": 9, "tickets": [4711]}


@pytest.fixture(scope="module")
def both(database: Database) -> Database:
    Desk("ours", date(2024, 3, 4), 1000).settle_in(database)
    Desk("theirs", date(2024, 3, 4), 7000).settle_in(database)
    evidence = {"seconds": 5, "counterparts": [counterpart("theirs-1"), counterpart("ours-3")]}
    with database.transaction() as connection:
        connection.execute(text("DELETE FROM mutes"))
        connection.execute(COPIED, {"reason": REASON, "evidence": json.dumps(evidence)})
        raise_alerts(connection, Settings().alerts)
    return database


def alert_of(database: Database) -> int:
    [found] = alerts.list_alerts(database, account="ours-2", subject="copied")
    return found.alert_id


def test_the_desk_of_the_whole_firm_is_told_whom(both: Database):
    for whole in (both, reader(both)):
        page = alerts.show_alert(whole, alert_of(both))
        assert "of account theirs-1 and 1 more" in page.alert.body
        assert [one["account"] for one in page.proofs[0].evidence["counterparts"]] == ["theirs-1", "ours-3"]


def test_a_scoped_desk_is_told_of_its_own_accounts_alone(both: Database):
    scoped = reader(both, ["ours"])
    page = alerts.show_alert(scoped, alert_of(both))
    assert "within 5 seconds of another account and 1 more accounts in the same symbol" in page.alert.body
    [proof] = [one for one in page.proofs if one.subject == "copied"]
    assert proof.evidence == {"seconds": 5, "counterparts": [counterpart("ours-3")]}
    [finding] = [one for one in reads.find_findings(scoped).findings if one.subject == "copied"]
    assert finding.reason == REASON.replace("account theirs-1", "another account")
    assert finding.evidence == proof.evidence


@pytest.mark.parametrize("place", SEEN_BY)
@pytest.mark.parametrize("groups", [["ours"], ["theirs"], ["ours", "theirs"]])
def test_names_go_with_groups_in_every_place(both: Database, place: str, groups: list[str]):
    with reader(both, groups).transaction() as connection:
        told = list(connection.scalars(text(SEEN_BY[place])))
    assert len(told) == ("ours" in groups)
    assert ["theirs-1" in one for one in told] == ["theirs" in groups] * len(told)


@pytest.mark.parametrize("column", ["title", "body"])
@pytest.mark.parametrize("table", ["public.alerts", "public.messages"])
def test_the_texts_themselves_are_closed_to_it(both: Database, table: str, column: str):
    with (
        pytest.raises(Exception, match="permission denied"),
        reader(both, ["ours"]).transaction() as connection,
    ):
        connection.execute(text(f"SELECT {column} FROM {table}"))  # noqa: S608


@pytest.mark.parametrize(
    ("said", "names", "left"),
    [
        ("of account A1 and A12.", ["A1"], "of another account and A12."),
        ("of account A12 and A1.", ["A12", "A1"], "of another account and another account."),
        ("(a.b) but not axb", ["a.b"], "(another account) but not axb"),
        (
            "1|2 and \\d+ and [x]",
            ["1|2", "\\d+", "[x]"],
            "another account and another account and another account",
        ),
        ("account Ödön-7 twice: Ödön-7", ["Ödön-7"], "another account twice: another account"),
        ("nothing", None, "nothing"),
        (None, ["x"], None),
    ],
)
def test_a_name_is_taken_out_as_a_word_whatever_it_is_made_of(
    both: Database, said: str | None, names: list[str] | None, left: str | None
):
    with both.transaction() as connection:
        query = text("SELECT visible.without(CAST(:said AS text), CAST(:names AS text[]))")
        assert connection.scalar(query, {"said": said, "names": names}) == left
