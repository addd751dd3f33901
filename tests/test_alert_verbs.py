"""The verbs of a risk desk: detect, alerts, rules and the proof of detection."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

import cli
from timeseries.commands._words import counted, gravest_first
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.errors import TimeseriesError
from timeseries.ingest import Kind, load
from timeseries.metrics import known_day, refresh_metrics
from timeseries.pipeline._features import FEATURES
from timeseries.surveillance import RULES

FINDING = """
INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, pvalue, direction, severity,
                      at_stake, reason, evidence)
SELECT :kind, account_id, :day, :day, :subject, :detector, 0.0002, 1, :severity, 120000, :reason,
       '{"counterparts": [{"account": "Z-1", "tickets": [7, 8]}]}'
FROM accounts WHERE account = :account
"""
AT_WORK = """
SELECT account FROM accounts JOIN daily_metrics USING (account_id)
WHERE trading_day = :day AND status = 'active' ORDER BY account
"""
LIFE = "deliveries, messages, mutes, alert_history, alerts, findings, alarm_days, scored_days"


@dataclass(frozen=True)
class Seen:
    trading_day: date
    severity: str


@dataclass(frozen=True)
class Desk:
    """Somebody at the command line of a firm, and the ways of putting findings under their eyes."""

    database: Database
    settings: Path
    accounts: list[str]
    day: date

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """What a verb says, or the sentence of the error it ends with."""
        door = ["--config", str(self.settings), "--database-url", self.database.url]
        done = CliRunner().invoke(cli.timeseries, [*door, *arguments])
        if isinstance(done.exception, TimeseriesError):
            assert done.exception.exit_code == exit_code, str(done.exception)
            return str(done.exception)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == exit_code, done.output
        return done.output

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def clear(self) -> None:
        self.do(f"TRUNCATE {LIFE} RESTART IDENTITY CASCADE")
        self.do("INSERT INTO scored_days (kind, trading_day) VALUES ('anomaly', :day)", day=self.day)

    def found(self, account: str, subject: str, severity: str = "warning", *, days_ago: int = 0) -> None:
        kind, detector = (
            ("rule", "rule") if subject in RULES and subject != "win_rate" else ("anomaly", "residual")
        )
        values = {"kind": kind, "detector": detector, "subject": subject, "severity": severity}
        day = self.day - timedelta(days=days_ago)
        self.do(FINDING, account=account, day=day, reason=f"{subject} was seen.", **values)

    def do(self, statement: str, **values: Any) -> None:
        with self.database.transaction() as connection:
            connection.execute(text(statement), values)


@pytest.fixture(scope="module")
def firm(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A small demo firm with its days computed, and a sink that nobody answers."""
    home = tmp_path_factory.mktemp("firm")
    made = generate(home, accounts=8, days=40, seed=5)
    for path in (*made.plans, *made.accounts, *made.trades, *made.equity):
        load(database, next(kind for kind in Kind if path.name.startswith(kind)), path)
    refresh_metrics(database)
    settings = home / "timeseries.toml"
    settings.write_text('[alerts.sinks]\nhook = "http://127.0.0.1:9/x"\n')
    day = known_day(database)
    with database.transaction() as connection:
        accounts = list(connection.scalars(text(AT_WORK), {"day": day}))
    yield Desk(database, settings, accounts, day)


@pytest.fixture
def desk(firm: Desk) -> Desk:
    firm.clear()
    return firm


@pytest.fixture
def told(desk: Desk) -> Desk:
    """Two alerts: 1, critical, of the first account, and 2, a warning of an earlier day, of the second."""
    desk.found(desk.accounts[0], "martingale", "critical")
    desk.found(desk.accounts[0], "lot_ratio")
    desk.found(desk.accounts[1], "win_rate", days_ago=1)
    assert "2 rows" in desk.run("jobs", "run", "alert")
    return desk


# ---- alerts


def test_alerts_are_listed_by_what_is_asked_for(told):
    first, second = told.accounts[:2]
    assert [one["account"] for one in told.json("alerts", "list")] == [first, second]
    wanted = {
        ("--severity", "critical"): [first],
        ("--account", second): [second],
        ("--subject", "lot_ratio"): [first],
        ("--since", str(told.day)): [first],
        ("--state", "resolved"): [],
        ("--top", "1"): [first],
    }
    for arguments, accounts in wanted.items():
        assert [one["account"] for one in told.json("alerts", "list", *arguments)] == accounts
    assert "No alert fits" in told.run("alerts", "list", "--state", "resolved")
    assert "hook (pending)" in told.run("alerts", "list")


def test_a_firm_without_alerts_is_told_where_they_come_from(desk):
    assert "timeseries jobs run alert" in desk.run("alerts", "list")
    assert desk.json("alerts", "list") == []
    assert desk.run("alerts", "mutes") == "Nothing is muted.\n"
    assert desk.run("alerts", "retry") == "No delivery was given up.\n"


def test_an_alert_is_shown_with_what_it_rests_on_and_what_was_done(told):
    told.run("alerts", "ack", "1", "--by", "ann", "--note", "calling the trader")
    shown = told.run("alerts", "show", "1")
    for part in (
        told.accounts[0],
        "martingale",
        "lot_ratio",
        "account Z-1, tickets 7, 8",
        "acknowledged by ann",
    ):
        assert part in shown
    assert "calling the trader" in shown
    assert "{" not in shown
    page = told.json("alerts", "show", "1")
    assert [event["event"] for event in page["history"]] == ["raised", "acknowledged"]
    assert {proof["subject"] for proof in page["findings"]} == {"martingale", "lot_ratio"}


def test_acknowledging_twice_says_so(told):
    assert told.run("alerts", "ack", "1", "2") == "2 alerts acknowledged.\n"
    assert "1 alert had been acknowledged or resolved before" in told.run("alerts", "ack", "2", "2")
    assert {one["state"] for one in told.json("alerts", "list")} == {"acknowledged"}


def test_a_label_is_shown_beside_where_the_alert_stands(told):
    assert told.run("alerts", "label", "true", "1") == "1 alert labelled true.\n"
    assert "open, true" in told.run("alerts", "list")
    told.run("alerts", "label", "new-normal", "1", "2")
    assert "new normal" in told.run("alerts", "list")
    assert {(one["state"], one["label"]) for one in told.json("alerts", "list")} == {
        ("resolved", "new_normal")
    }


def test_a_mute_resolves_and_lifting_it_brings_back(told):
    second = told.accounts[1]
    said = told.run("alerts", "mute", "--account", second, "--since", str(told.day - timedelta(days=9)))
    assert f"from {told.day - timedelta(days=9)} on" in said
    told.run("jobs", "run", "alert")
    assert [one["resolution"] for one in told.json("alerts", "list", "--account", second)] == ["muted"]
    assert second in told.run("alerts", "mutes")
    assert told.json("alerts", "mutes")[0]["account"] == second
    assert told.run("alerts", "unmute", "1") == "Mute 1 is lifted.\n"
    told.run("jobs", "run", "alert")
    assert [one["state"] for one in told.json("alerts", "list", "--account", second)] == ["open"]


def test_everything_that_is_found_can_be_muted(desk):
    for subject in (*RULES, *(feature.name for feature in FEATURES), "forecast_breach"):
        assert "is in force" in desk.run("alerts", "mute", "--subject", subject)


def test_dead_deliveries_are_tried_again_once(told):
    told.do("UPDATE deliveries SET state = 'dead', error = 'gone for good'")
    assert "gone for good" in told.run("alerts", "show", "1")
    assert told.run("alerts", "retry", "hook").startswith("2 deliveries will be tried again")
    assert told.run("alerts", "retry") == "No delivery was given up.\n"


def test_a_trial_of_a_sink_that_is_down_names_it(firm):
    said = firm.run("alerts", "test", exit_code=1)
    assert said == "Not every sink took the message."


def test_a_title_says_on_which_side_of_the_usual(told):
    assert "share of winning trades unusually high" in told.json("alerts", "list")[1]["title"]


# ---- detect


def test_the_gravest_findings_are_shown_first_and_all_are_given_as_json(desk):
    report = desk.json("detect", "--days", "10", "--budget", "20/day")
    graver = [one for one in report["findings"] if one["severity"] != "info"]
    assert report["day"] == str(desk.day)
    shown = desk.run("detect", "--days", "10")
    assert f"{counted(len(graver), 'finding')} worth an alert" in shown


@given(st.lists(st.tuples(st.sampled_from(["info", "warning", "critical"]), st.dates())))
def test_gravest_first_keeps_everything_in_order(rows):
    found = [Seen(day, severity) for severity, day in rows]
    ordered = gravest_first(found)
    gravity = {"critical": 0, "warning": 1, "info": 2}
    keys = [(gravity[one.severity], -one.trading_day.toordinal()) for one in ordered]
    assert keys == sorted(keys)
    assert sorted(map(id, ordered)) == sorted(map(id, found))


def test_a_day_to_come_is_not_scored(desk):
    """Or alerts of the days before would be over, and late data would not be looked at again."""
    tomorrow = str(desk.day + timedelta(days=1))
    assert str(desk.day) in desk.run("detect", "--day", tomorrow, exit_code=3)
    with desk.database.transaction() as connection:
        assert connection.scalar(text("SELECT max(trading_day) FROM scored_days")) == desk.day


# ---- rules


def test_rules_are_listed_and_their_versions_shown(firm):
    listed = firm.json("rules", "list")
    assert [rule["rule"] for rule in listed] == list(RULES)
    assert "severity warning" not in firm.run("rules", "list")
    other = firm.settings.with_name("other.toml")
    other.write_text("[rules.martingale]\nraises = 7\n")
    before = firm.json("rules", "show", "martingale")
    changed = firm.json("--config", str(other), "rules", "list")
    assert {rule["rule"] for rule in changed if rule["version"] is None} == {"martingale"}
    assert firm.json("rules", "show", "martingale") == before


def test_violations_are_shown_and_given_as_json(firm):
    since = str(firm.day - timedelta(days=30))
    report = firm.json("rules", "run", "--since", since)
    assert (report["since"], report["until"]) == (since, str(firm.day))
    said = firm.run("rules", "run", "--since", since, "--top", "1")
    assert f"{counted(len(report['violations']), 'violation')} from {since} to {firm.day}" in said
    assert f"on {firm.day}" in firm.run("rules", "run", "--rule", "hft")


def test_news_are_read_once(firm, tmp_path):
    file = tmp_path / "news.csv"
    file.write_text(
        'time,currency,title\n2024-06-05T12:30:00Z,USD,"Jobs, at last"\n2024-06-06T12:15:00Z,EUR,Rates\n'
    )
    assert firm.run("rules", "news", str(file)) == "2 announcements read, 2 of them new.\n"
    assert firm.run("rules", "news", str(file)) == "2 announcements read, 0 of them new.\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "missing: time, currency, title"),
        ("time;currency;title\n", "missing: time, currency, title"),
        (
            "time,currency,title\n2024-06-05T12:30:00,USD,Jobs\n",
            "line 2: the time '2024-06-05T12:30:00' lacks",
        ),
        ("time,currency,title\nsoon,USD,Jobs\n", "line 2: the time must look like"),
        ("time,currency,title\n2024-06-05T12:30:00Z,US,Jobs\n", "3 to 5 letters such as USD, not 'US'"),
        ("time,currency,title\n2024-06-05T12:30:00Z,USD\n", "the title must be a text"),
        ("time,currency,title\n2024-06-05T12:30:00Z,USD,Jobs, at last\n", "more fields than columns"),
        ("time,currency,title,impact\n2024-06-05T12:30:00Z,USD,Jobs,huge\n", "not 'huge'"),
        (b"\xff\xfe\x00", "must be a CSV file in UTF-8"),
        (None, "No such file or directory"),
    ],
)
def test_a_wrong_file_of_news_is_refused_whole(firm, tmp_path, content, said):
    file = tmp_path / "news.csv"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert said in firm.run("rules", "news", str(file), exit_code=3)


# ---- backtest anomaly


def test_the_proof_is_shown_and_given_as_json(desk, tmp_path):
    labels, other = tmp_path / "labels.csv", tmp_path / "proposed.toml"
    labels.write_text(
        "account,kind,first_day,last_day\n"
        f"{desk.accounts[0]},odd_days,{desk.day},{desk.day}\n"
        f"nobody,odd_days,{desk.day},{desk.day}\n"
    )
    other.write_text("[rules]\n" + "".join(f"{name}.enabled = false\n" for name in RULES))
    verb = ("backtest", "anomaly", "--days", "5", "--labels", str(labels))
    proof = desk.json(*verb)
    assert {kind: score["events"] for kind, score in proof["scores"].items()} == {"all": 1, "odd_days": 1}
    assert (proof["last_day"], proof["not_replayed"]) == (str(desk.day), 1)
    compared = desk.run(*verb, "--against", str(other))
    for part in ("odd days", "not replayed: 1.", "The change would bring"):
        assert part in compared
    assert compared.count("VUS-PR") == 2
    change = desk.json(*verb, "--against", str(other))
    assert change["scores"] == proof["scores"]
    assert {place["account"] for place in change["new"] + change["gone"]} <= set(desk.accounts)


def test_labels_of_alerts_serve_as_truth(told):
    assert "No alert is labelled true" in told.run("backtest", "anomaly", exit_code=3)
    told.run("alerts", "label", "true", "1")
    assert "martingale" in told.run("backtest", "anomaly", "--days", "5")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "must have rows with the columns"),
        ("account,kind,first_day,last_day\n", "must have rows"),
        ("acct,kind,first_day,last_day\nA,odd,2024-06-05,2024-06-06\n", "with the columns account, kind"),
        (
            "account,kind,first_day,last_day\nA,odd,2024-13-05,2024-06-06\n",
            "line 2: the days must be written",
        ),
        ("account,kind,first_day,last_day\nA,odd,2024-06-05\n", "line 2: the days must be written"),
        ("account,kind,first_day,last_day\nA,odd,2024-06-07,2024-06-06\n", "days in order"),
        (b"\xff\xfe\x00", "no CSV file in UTF-8"),
    ],
)
def test_wrong_labels_are_refused(firm, tmp_path, content, said):
    file = tmp_path / "labels.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert said in firm.run("backtest", "anomaly", "--labels", str(file), exit_code=3)


# ---- what cannot be done


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        ("alerts list --account nobody", 4, "There is no account 'nobody'"),
        ("alerts list --severity loud", 2, "'loud' is not one of"),
        ("alerts show 77", 4, "There is no alert 77"),
        ("alerts show 0", 2, "not in the range"),
        ("alerts show 99999999999999999999", 2, "not in the range"),
        ("alerts ack 77", 4, "There is no alert 77"),
        ("alerts ack 77 78", 4, "There are no alerts 77, 78"),
        ("alerts ack", 2, "Missing argument"),
        ("alerts label maybe 1", 2, "'maybe' is not one of"),
        ("alerts label false 77", 4, "There is no alert 77"),
        ("alerts mute", 3, "Name an account, a group, or a metric or rule"),
        ("alerts mute --account nobody", 4, "There is no account 'nobody'"),
        ("alerts mute --group nobody", 4, "There is no group 'nobody'"),
        ("alerts mute --subject martingail", 4, "There is no metric or rule 'martingail'"),
        ("alerts mute --subject hft --since 2024-02-02 --until 2024-02-01", 3, "before it begins"),
        ("alerts unmute 77", 4, "There is no mute 77"),
        ("alerts retry pager", 4, "There is no sink 'pager'; the settings have: hook"),
        ("alerts test pager", 4, "There is no sink 'pager'; the settings have: hook"),
        ("detect --days 0", 2, "not in the range"),
        ("detect --top 0", 2, "not in the range"),
        ("detect --fdr 0", 2, "not in the range"),
        ("detect --fdr 1", 2, "not in the range"),
        ("detect --fdr 0.1 --budget 5", 2, "not both"),
        ("detect --budget 20/week", 2, "such as 20/day"),
        ("detect --budget nan", 2, "such as 20/day"),
        ("detect --budget inf", 2, "such as 20/day"),
        ("detect --budget -3/day", 2, "such as 20/day"),
        ("rules show nothing", 4, "There is no rule 'nothing'"),
        ("rules run --rule nothing", 4, "There is no rule 'nothing'"),
        ("rules run --since 2024-02-02 --until 2024-02-01", 3, "must not end"),
        ("backtest anomaly --labels missing.csv", 2, "does not exist"),
        ("backtest anomaly --against missing.toml", 2, "does not exist"),
        ("backtest anomaly --days 0", 2, "not in the range"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(firm, arguments, exit_code, said):
    assert said in firm.run(*arguments.split(), exit_code=exit_code)
