"""Detection between the tables: what is stored, what is replaced, and what people's verdicts change."""

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from timeseries.alerts import label, list_alerts, mute, raise_alerts
from timeseries.config import AlertSettings, Settings
from timeseries.database import Database
from timeseries.errors import InputError
from timeseries.metrics import load_panel
from timeseries.pipeline import backtest_anomaly, confirmed_events, detect, read_events
from timeseries.pipeline._features import FEATURES
from timeseries.pipeline._feedback import label_weights

ACCOUNTS, DAYS = 60, 110
LAST_DAY = date(2025, 6, 27)
AXIS = np.busday_offset(np.datetime64(LAST_DAY), np.arange(1 - DAYS, 1)).astype(object)
SETTINGS = Settings(alerts=AlertSettings(sinks={}))
FIRM = """
INSERT INTO daily_metrics (
    trading_day, account_id, trades, wins, losses, gross_profit, gross_loss, commission, swap, lots,
    largest_lots, seconds_held, balance_operations, closed_low, closed_high, snapshots, balance_end,
    daily_loss_left, max_drawdown_left
)
SELECT day, account_id, trades, wins, trades - wins, greatest(net, 0) + 5000 * wins,
       least(net, 0) - 5000 * wins, 0, 0, 1, 1, trades * 600, 0, 0, 0, snapshots, 1000000,
       left_over, left_over
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
    AS row (day date, account_id integer, trades integer, wins integer, net bigint, snapshots integer,
            left_over bigint)
"""


def ordinary() -> dict[str, np.ndarray]:
    """Sixty quiet traders: every one active on most days, none without an equity snapshot."""
    rng = np.random.default_rng(4)
    trades = np.where(rng.random((ACCOUNTS, DAYS)) < 0.95, 1 + rng.poisson(4, (ACCOUNTS, DAYS)), 0)
    return {
        "trades": trades,
        "wins": rng.binomial(trades, 0.55),
        "net": np.where(trades > 0, rng.normal(0, 8_000, trades.shape), 0).astype(int),
        "snapshots": np.full(trades.shape, 20),
        "left_over": np.full(trades.shape, 50_000),
    }


@pytest.fixture
def fill(desk: Any) -> Any:
    """Puts the arrays of a firm into the tables."""
    desk.run("TRUNCATE alerts, findings, alarm_days, mutes, messages, alert_history RESTART IDENTITY CASCADE")
    desk.run(
        "INSERT INTO accounts (account, plan_id, currency, currency_digits, initial_balance, opened_at, "
        "account_group) SELECT 'A' || a, 1, 'USD', 2, 1000000, '2024-01-01', 'london' "
        "FROM generate_series(4, :accounts) AS a",
        accounts=ACCOUNTS,
    )

    def put(firm: dict[str, np.ndarray]) -> None:
        desk.run("TRUNCATE daily_metrics")
        rows = [
            {"day": str(AXIS[d]), "account_id": a + 1} | {name: int(v[a, d]) for name, v in firm.items()}
            for a in range(ACCOUNTS)
            for d in range(DAYS)
        ]
        desk.run(FIRM, rows=json.dumps(rows))

    return put


def graver(report: Any) -> list[tuple[str | None, str, date]]:
    return [(f.account, f.subject, f.trading_day) for f in report.findings if f.severity != "info"]


def test_a_quiet_firm_raises_next_to_nothing(database: Database, desk: Any, fill: Any) -> None:
    fill(ordinary())
    report = detect(database, SETTINGS, days=20)
    assert report.day == LAST_DAY
    assert report.scored == ACCOUNTS * 20
    assert len(graver(report)) <= 4


def test_what_stands_out_is_found_with_its_words_and_its_money(
    database: Database, desk: Any, fill: Any
) -> None:
    firm = ordinary()
    firm["trades"][7, -1], firm["wins"][7, -1], firm["net"][7, -1] = 90, 50, -400_000
    fill(firm)
    [finding] = [f for f in detect(database, SETTINGS).findings if f.account == "A8"]
    assert (finding.severity, finding.kind, finding.trading_day) == ("critical", "anomaly", LAST_DAY)
    assert finding.at_stake == pytest.approx(4_000, rel=0.1)
    assert "2025-06-27" in finding.reason
    assert set(finding.evidence) >= {"trades", "net_profit"}
    [row] = desk.rows("SELECT at_stake, evidence FROM findings WHERE account_id = 8")
    assert row["at_stake"] == pytest.approx(400_000, rel=0.1)


def test_an_equity_feed_that_stops_is_found_on_its_first_day(
    database: Database, desk: Any, fill: Any
) -> None:
    firm = ordinary()
    firm["snapshots"][3, -1] = 0
    fill(firm)
    assert ("A4", "snapshots", LAST_DAY) in graver(detect(database, SETTINGS))


def test_a_day_on_which_the_whole_firm_moved_is_one_finding(database: Database, desk: Any, fill: Any) -> None:
    firm = ordinary()
    firm["net"][:, -1] -= 60_000
    fill(firm)
    report = detect(database, SETTINGS)
    cohort = [f for f in report.findings if f.kind == "cohort"]
    assert [(f.cohort, f.subject, f.direction) for f in cohort] == [("firm", "net_profit", -1)]
    assert len([one for one in graver(report) if one[1] == "net_profit"]) <= 2


def test_small_money_is_no_alarm(database: Database, desk: Any, fill: Any) -> None:
    firm = ordinary()
    firm["net"] = (firm["net"] / 1_000).astype(int)
    firm["net"][5, -1] = -500
    fill(firm)
    assert not [one for one in graver(detect(database, SETTINGS)) if one[1] == "net_profit"]
    bold = Settings(alerts=AlertSettings(sinks={}, minimum_deviation_share=0.0))
    assert ("A6", "net_profit", LAST_DAY) in graver(detect(database, bold))


def test_looking_again_replaces_what_was_found(database: Database, desk: Any, fill: Any) -> None:
    firm = ordinary()
    firm["net"][7, -2] = -400_000
    fill(firm)
    stored = []
    for _ in range(2):
        detect(database, SETTINGS, days=5)
        rows = desk.rows("SELECT * FROM findings ORDER BY account_id, trading_day, subject")
        stored.append(
            [{k: v for k, v in row.items() if k not in ("finding_id", "scored_at")} for row in rows]
        )
    assert stored[0] == stored[1] != []
    assert len(desk.rows("SELECT * FROM alarm_days")) == 5


def test_corrected_data_withdraw_the_alert(database: Database, desk: Any, fill: Any) -> None:
    firm = ordinary()
    wrong = {name: values.copy() for name, values in firm.items()}
    wrong["net"][7, -2] = -400_000
    for version in (wrong, firm):
        fill(version)
        detect(database, SETTINGS, days=5)
        with database.transaction() as connection:
            report = raise_alerts(connection, SETTINGS.alerts)
    assert report.withdrawn >= 1
    [alert] = list_alerts(database, account="A8")
    assert (alert.state, alert.resolution) == ("resolved", "withdrawn")


def test_dismissed_alerts_weigh_the_metric_down_in_accounts_alike(
    database: Database, desk: Any, fill: Any
) -> None:
    desk.run("INSERT INTO plans (plan, currency, initial_balance) VALUES ('other', 'USD', 1000000)")
    desk.run("UPDATE accounts SET plan_id = 2 WHERE account_id > 30")
    firm = ordinary()
    for account in range(6):
        firm["net"][account, -20 + 3 * account] = -400_000
    fill(firm)
    detect(database, SETTINGS, days=20)
    with database.transaction() as connection:
        raise_alerts(connection, SETTINGS.alerts)
    alerts = [a.alert_id for a in list_alerts(database) if a.subject == "net_profit"]
    assert len(alerts) >= 6
    panel = load_panel(database, until=LAST_DAY, days=30)
    profit = [feature.name for feature in FEATURES].index("net_profit")
    assert (label_weights(database, panel) == 1).all()
    label(database, alerts, "false", by="ann")
    weights = label_weights(database, panel)
    assert (weights[:30, :, profit] < 0.5).all()
    assert (weights[30:] == 1).all()
    assert (np.delete(weights[:30], profit, axis=2) == 1).all()
    label(database, alerts, "true", by="ann")
    assert (label_weights(database, panel) == 1).all()


def test_the_new_normal_is_learned(database: Database, desk: Any, fill: Any) -> None:
    firm = ordinary()
    firm["trades"][7, -12:] += 40
    firm["wins"][7, -12:] += 22
    fill(firm)
    assert "A8" in {one[0] for one in graver(detect(database, SETTINGS, days=12))}
    with database.transaction() as connection:
        raise_alerts(connection, SETTINGS.alerts)
    label(database, [a.alert_id for a in list_alerts(database, account="A8")], "new_normal", by="ann")
    assert "A8" not in {one[0] for one in graver(detect(database, SETTINGS))}


def test_a_holiday_is_not_judged(database: Database, desk: Any, fill: Any) -> None:
    firm = ordinary()
    for name in ("trades", "wins", "net"):
        firm[name][:, -1] = 0
    fill(firm)
    assert graver(detect(database, SETTINGS))
    calm = Settings(alerts=replace(SETTINGS.alerts, holidays=(str(LAST_DAY),)))
    report = detect(database, calm)
    assert (report.scored, graver(report)) == (0, [])


def test_a_backtest_tells_found_from_false_and_before_from_after(
    database: Database, desk: Any, fill: Any, tmp_path: Path
) -> None:
    firm = ordinary()
    firm["net"][7, -10] = firm["net"][9, -4] = -400_000
    fill(firm)
    days = [str(AXIS[-10]), str(AXIS[-4])]
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "account,kind,first_day,last_day\n"
        f"A8,loss,{days[0]},{days[0]}\nA10,loss,{days[1]},{days[1]}\nZ9,loss,{days[1]},{days[1]}\n"
    )
    deaf = Settings(alerts=AlertSettings(alarm_pvalue=1e-300))
    found = backtest_anomaly(database, SETTINGS, read_events(labels), days=20, proposed=deaf)
    whole = found.proof.scores[0]
    assert (whole.events, whole.recall, whole.delay, found.unknown) == (2, 1.0, 0.0, 1)
    assert found.change is not None
    assert (len(found.change.lost), len(found.change.gained), len(found.change.new)) == (2, 0, 0)
    assert not desk.rows("SELECT * FROM findings")


def test_labels_come_from_a_file_or_from_alerts_found_true(
    database: Database, desk: Any, fill: Any, tmp_path: Path
) -> None:
    bad = tmp_path / "labels.csv"
    bad.write_text("account,kind,first_day,last_day\nA8,loss,2025-06-02,yesterday\n")
    with pytest.raises(InputError, match="line 2"):
        read_events(bad)
    bad.write_text("who,when\nA8,today\n")
    with pytest.raises(InputError, match="columns account"):
        read_events(bad)
    with pytest.raises(InputError, match="labelled true"):
        confirmed_events(database)
    firm = ordinary()
    firm["net"][7, -1] = -400_000
    fill(firm)
    detect(database, SETTINGS)
    with database.transaction() as connection:
        raise_alerts(connection, SETTINGS.alerts)
    [alert] = list_alerts(database, account="A8")
    label(database, [alert.alert_id], "true", by="ann")
    assert [(e.account, e.first_day) for e in confirmed_events(database)] == [("A8", LAST_DAY)]


def test_a_muted_metric_stays_silent_from_detection_to_alert(
    database: Database, desk: Any, fill: Any
) -> None:
    firm = ordinary()
    firm["net"][7, -1] = -400_000
    fill(firm)
    mute(database, by="ann", subject="net_profit", since=LAST_DAY - timedelta(days=3))
    detect(database, SETTINGS)
    with database.transaction() as connection:
        assert raise_alerts(connection, SETTINGS.alerts).raised == 0
