"""Parameters, their versions, and announcements from files."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from cli import timeseries
from timeseries.config import Settings
from timeseries.errors import ConfigurationError, InputError, NotFound
from timeseries.surveillance import (
    RULES,
    adopt_rules,
    find_violations,
    load_news,
    rule_history,
    rules_in_force,
)

FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


# ---- parameters


@pytest.mark.parametrize(
    ("rules", "named"),
    [
        ({"martingail": {}}, "martingail"),
        ({"martingale": {"grwoth": 2}}, "grwoth"),
        ({"martingale": {"growth": "2"}}, "growth"),
        ({"martingale": {"growth": 0.5}}, "growth"),
        ({"martingale": {"raises": 2.5}}, "raises"),
        ({"martingale": {"raises": True}}, "raises"),
        ({"martingale": {"enabled": 1}}, "enabled"),
        ({"martingale": {"severity": "grave"}}, "severity"),
        ({"hft": {"win_rate": 1.5}}, "win_rate"),
        ({"hft": {"win_rate": float("nan")}}, "win_rate"),
        ({"news": {"plans": "classic"}}, "plans"),
        ({"news": {"impact": "huge"}}, "impact"),
        ({"news": {"currencies": {"US30": "USD"}}}, "US30"),
    ],
)
def test_what_cannot_be_used_is_named(database, rules, named):
    with pytest.raises(ConfigurationError, match=named):
        rules_in_force(database, Settings(rules=rules))


def test_unknown_rules_and_empty_spans_are_refused(database):
    day = datetime(2026, 3, 2, tzinfo=UTC).date()
    with pytest.raises(NotFound, match="scalping"):
        find_violations(database, Settings(), since=day, until=day, rules=["scalping"])
    with pytest.raises(NotFound, match="scalping"):
        rule_history(database, "scalping")
    with pytest.raises(InputError, match="end"):
        find_violations(database, Settings(), since=day, until=day.replace(day=1))


def test_a_firm_without_plans_breaks_no_rule(clean_database):
    day = datetime(2026, 3, 2, tzinfo=UTC).date()
    assert find_violations(clean_database, Settings(), since=day, until=day) == []


def test_a_change_of_parameters_is_a_new_version_and_no_change_is_none(clean_database):
    def ids(rules):
        settings = Settings(rules=rules)
        adopt_rules(clean_database, settings)
        watches = rules_in_force(clean_database, settings)
        return {watch.rule: watch.rule_version_id for watch in watches}

    first, again = ids({}), ids({})
    assert first == again
    assert list(first) == list(RULES)
    changed = ids({"hft": {"trades": 30}})
    assert {name for name in RULES if changed[name] != first[name]} == {"hft"}
    back = ids({})
    assert len({first["hft"], changed["hft"], back["hft"]}) == 3
    assert [version.version for version in rule_history(clean_database, "hft")] == [3, 2, 1]
    assert [version.parameters["trades"] for version in rule_history(clean_database, "hft")] == [20, 30, 20]
    assert ids({"hft": {"win_rate": 0.85, "trades": 20}}) == back


def test_a_look_with_proposed_parameters_puts_nothing_in_force(clean_database):
    adopt_rules(clean_database, Settings())
    proposed = Settings(rules={"hft": {"trades": 30}})
    day = datetime(2026, 3, 2, tzinfo=UTC).date()
    find_violations(clean_database, proposed, since=day, until=day)
    watches = {watch.rule: watch for watch in rules_in_force(clean_database, proposed)}
    assert (watches["hft"].version, watches["copied"].version) == (None, 1)
    assert len(rule_history(clean_database, "hft")) == 1


# ---- news


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("2026-03-02T12:30:00,USD,Payrolls,high", "offset"),
        ("yesterday,USD,Payrolls,high", "yesterday"),
        ("2026-03-02T12:30:00Z,US,Payrolls,high", "currency"),
        ("2026-03-02T12:30:00Z,USD,,high", "title"),
        ("2026-03-02T12:30:00Z,USD,Payrolls,huge", "impact"),
        ("2026-03-02T12:30:00Z", "currency"),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_nothing_is_kept(database, tmp_path, line, wrong):
    path = tmp_path / "news.csv"
    path.write_text(f"time,currency,title,impact\n2026-03-02T12:30:00Z,EUR,Not kept,high\n{line}\n")
    with pytest.raises(InputError, match=f"line 3.*{wrong}"):
        load_news(database, path)
    with database.transaction() as connection:
        kept = text("SELECT count(*) FROM news_events WHERE title = 'Not kept'")
        assert connection.scalar(kept) == 0


def test_news_read_again_changes_nothing_but_its_impact(clean_database, tmp_path):
    path = tmp_path / "news.csv"
    path.write_text(
        "title,time,currency\nRate,2026-03-02T12:30:00+02:00,eur\nRate,2026-03-02T10:30:00Z,EUR\n"
    )
    assert (load_news(clean_database, path).read, load_news(clean_database, path).added) == (2, 0)
    path.write_text("time,currency,title,impact\n2026-03-02T10:30:00Z,EUR,Rate,LOW\n")
    assert load_news(clean_database, path).added == 0
    with clean_database.transaction() as connection:
        (row,) = connection.execute(text("SELECT * FROM news_events")).all()
    assert (row.time, row.impact) == (datetime(2026, 3, 2, 10, 30, tzinfo=UTC), "low")


@FEW
@given(st.binary(max_size=80))
def test_any_file_is_read_or_refused_with_a_sentence(database, tmp_path, content):
    path = tmp_path / "news.csv"
    for start in (b"", b"time,currency,title\n"):
        path.write_bytes(start + content)
        try:
            load_news(database, path)
        except InputError as error:
            assert str(path) in str(error)


def test_a_file_that_is_not_there(database, tmp_path):
    with pytest.raises(InputError, match="nowhere"):
        load_news(database, tmp_path / "nowhere.csv")


# ---- the verbs


def run(database, *arguments, exit_code=0):
    # The whole command line: a group run alone would keep help options of its own.
    done = CliRunner().invoke(timeseries, ["--database-url", database.url, "rules", *arguments])
    assert done.exit_code == exit_code, done.output
    return done.stdout


def test_the_verbs_print_what_is_found(desk, tmp_path):
    desk.trade(datetime(2026, 3, 2, 12, tzinfo=UTC), profit=-600)
    desk.book()
    listed = json.loads(run(desk.database, "list", "--json"))
    assert [row["rule"] for row in listed] == list(RULES)
    days = ("--since", "2026-03-01", "--until", "2026-03-03")
    (one,) = json.loads(run(desk.database, "run", *days, "--rule", "daily_loss", "--json"))["violations"]
    assert (one["account"], one["trading_day"], one["at_stake"]) == ("A", "2026-03-02", 10_000)
    assert "No version yet" in run(desk.database, "show", "hft")
    adopt_rules(desk.database, Settings(rules={"hft": {"trades": 30}}))
    (version,) = json.loads(run(desk.database, "show", "hft", "--json"))
    assert version["parameters"]["trades"] == 30
    path = tmp_path / "news.csv"
    path.write_text("time,currency,title\n2026-03-02T10:30:00Z,EUR,Rate\n")
    run(desk.database, "news", str(path))
    run(desk.database, "run", *days)
    run(desk.database, "show", "hft")
