"""A bucket that is wrong, missing or made up is found, listed and healed; one only late is not wrong."""

import pytest

from timeseries.metrics import refresh_aggregates, refresh_metrics
from timeseries.verify import SUBJECTS, Verification, subject_states, verify

AGGREGATES = {
    "trades_5m": "trades",
    "trades_1d": "trades",
    "equity_5m": "snapshots",
    "equity_1d": "snapshots",
}


DELETE = "DELETE FROM {} WHERE"
UPDATE = "UPDATE {} SET # = # + 7 WHERE"


def differing(found: Verification) -> dict[str, int]:
    return {check.subject: check.differing for check in found.checks if check.differing}


def checks(found: Verification) -> dict:
    return {check.subject: check for check in found.checks}


def test_a_firm_just_loaded_equals_its_raw_data(firm):
    found = verify(firm, full=True)
    assert [check.subject for check in found.checks] == list(SUBJECTS)
    assert all(check.compared > 50 for check in found.checks)
    assert (found.differing, found.differences, found.healed) == (0, (), False)


def test_every_kind_of_wrong_bucket_is_found_listed_and_healed(vandal):
    expected = set()
    for aggregate, column in AGGREGATES.items():
        wrong, missing, copied = vandal.rows(
            f"SELECT * FROM {aggregate} ORDER BY md5(account_id || bucket::text) LIMIT 3"  # noqa: S608
        )
        names = ", ".join(wrong._fields)
        here = "bucket = :bucket AND account_id = :account_id" + (
            " AND symbol_id = :symbol_id" if "symbol_id" in wrong._fields else ""
        )
        vandal.spoil(aggregate, f"{UPDATE.replace('#', column)} {here}", **wrong._asdict())
        vandal.spoil(aggregate, f"{DELETE} {here}", **missing._asdict())
        values = names.replace("account_id", "-account_id")
        made_up = f"INSERT INTO {{0}} ({names}) SELECT {values} FROM {{0}} WHERE {here}"  # noqa: S608
        vandal.spoil(aggregate, made_up, **copied._asdict())
        seen = getattr(wrong, column)
        expected |= {
            (aggregate, wrong.account_id, wrong.bucket, column, seen + 7, seen),
            (aggregate, missing.account_id, missing.bucket, column, None, getattr(missing, column)),
            (aggregate, -copied.account_id, copied.bucket, column, getattr(copied, column), None),
        }

    found = verify(vandal.database, full=True)
    listed = {
        (one.subject, one.account_id, one.bucket, one.column_name, one.kept, one.recomputed)
        for one in found.differences
    }
    assert expected <= listed
    # The daily ones were made anew of the spoilt finer ones.
    assert {one for one in listed if one[0].endswith("5m")} == {
        one for one in expected if one[0].endswith("5m")
    }
    assert "daily_metrics" not in differing(found)
    assert not found.healed

    healing = verify(vandal.database, full=True, heal=True)
    assert differing(healing) == differing(found)
    assert healing.healed
    assert verify(vandal.database, full=True).differing == 0


def test_metrics_made_of_a_wrong_bucket_are_made_anew(vandal):
    [bucket] = vandal.rows("SELECT * FROM trades_5m ORDER BY md5(bucket::text) LIMIT 1")
    here = {"bucket": bucket.bucket, "account_id": bucket.account_id, "symbol_id": bucket.symbol_id}
    vandal.spoil(
        "trades_5m",
        "UPDATE {} SET gross_profit = gross_profit + 100000"
        " WHERE bucket = :bucket AND account_id = :account_id AND symbol_id = :symbol_id",
        **here,
    )
    right = vandal.rows("SELECT * FROM daily_metrics ORDER BY account_id, trading_day")
    vandal.run(
        "UPDATE daily_metrics m SET gross_profit = gross_profit + 100000"
        " FROM accounts a JOIN plans USING (plan_id)"
        " WHERE m.account_id = :account_id AND a.account_id = m.account_id"
        " AND m.trading_day = trading_day_of(:bucket, reset_time, time_zone)",
        bucket=bucket.bucket,
        account_id=bucket.account_id,
    )
    healing = verify(vandal.database, full=True, heal=True)
    assert {"trades_5m", "daily_metrics"} <= differing(healing).keys()
    assert healing.healed
    assert vandal.rows("SELECT * FROM daily_metrics ORDER BY account_id, trading_day") == right


def test_what_is_known_to_be_out_of_date_is_not_called_wrong(vandal):
    before = checks(verify(vandal.database, full=True))
    [trade] = vandal.rows("SELECT * FROM trades ORDER BY close_time OFFSET 10 LIMIT 1")
    names = ", ".join(trade._fields)
    vandal.run(
        f"INSERT INTO trades ({names}) SELECT {names.replace('ticket', '999000111')} FROM trades"  # noqa: S608
        " WHERE ticket = :ticket AND account_id = :account_id",
        ticket=trade.ticket,
        account_id=trade.account_id,
    )
    unmarked = verify(vandal.database, full=True)
    assert differing(unmarked).keys() == {"daily_metrics"}
    assert {one.column_name for one in unmarked.differences} >= {"trades", "lots", "seconds_held"}
    assert checks(unmarked)["trades_5m"].state.pending > 0
    assert checks(unmarked)["trades_5m"].compared < before["trades_5m"].compared

    vandal.run(
        "INSERT INTO stale_days (account_id, trading_day)"
        " SELECT account_id, trading_day_of(:moment, reset_time, time_zone)"
        " FROM accounts JOIN plans USING (plan_id) WHERE account_id = :account_id",
        moment=trade.close_time,
        account_id=trade.account_id,
    )
    marked = verify(vandal.database, full=True)
    assert marked.differing == 0
    assert checks(marked)["daily_metrics"].state.pending == 1
    refresh_metrics(vandal.database)
    refresh_aggregates(vandal.database)
    after = verify(vandal.database, full=True)
    assert after.differing == 0
    assert {name: check.compared for name, check in checks(after).items()} == {
        name: check.compared for name, check in before.items()
    }


def test_rows_beyond_the_watermark_count_as_lag(vandal):
    vandal.run(
        "INSERT INTO equity (time, balance, equity, account_id)"
        " SELECT date_trunc('hour', max(time)) + interval '62 minutes', 1, 1, min(account_id) FROM equity"
    )
    behind = {state.subject: state.behind for state in subject_states(vandal.database)}
    [(lag,)] = vandal.rows(
        "SELECT time_bucket('5 minutes', max(time)) - (SELECT max(bucket) FROM equity_5m) FROM equity"
    )
    assert behind["equity_5m"] == lag
    assert not behind["trades_5m"]
    assert "equity_5m" not in differing(verify(vandal.database, full=True))
    vandal.run("DELETE FROM equity WHERE balance = 1 AND equity = 1")
    refresh_aggregates(vandal.database)


@pytest.mark.parametrize("aggregate", ["equity_5m", "equity_1d"])
def test_the_newest_day_is_in_every_sample(vandal, aggregate):
    [bucket] = vandal.rows(f"SELECT * FROM {aggregate} ORDER BY bucket DESC, account_id LIMIT 1")  # noqa: S608
    column = AGGREGATES[aggregate]
    here = "bucket = :bucket AND account_id = :account_id"
    vandal.spoil(aggregate, f"{UPDATE.replace('#', column)} {here}", **bucket._asdict())
    assert differing(verify(vandal.database, sample=0, heal=True))[aggregate] == 1
    assert verify(vandal.database, sample=0).differing == 0
