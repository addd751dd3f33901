"""How well stored forecasts did, as numbers and as people see it."""

import json
from datetime import date, timedelta

import numpy as np
import pytest
from click.testing import CliRunner, Result

from cli import timeseries
from timeseries.errors import InputError, NotFound
from timeseries.pipeline import forecast_accuracy, realise

FRIDAY = date(2024, 3, 8)
DAYS = [date(2024, 3, 11), date(2024, 3, 12), date(2024, 3, 13)]
PROFITS = {1: (5, -15, 25), 2: (5, 5, 5), 3: (-4, None, None)}


@pytest.fixture
def judged(desk):
    """Three days of three accounts: A1 breaks its daily loss, A3 its drawdown."""
    for account, profits in PROFITS.items():
        for day, net in zip(DAYS, profits, strict=True):
            if net is not None:
                desk.day(account, day, net, daily=-1 if net == -15 else 1, most=-1 if net == -4 else 1)
    desk.run("UPDATE accounts SET initial_balance = 2000000 WHERE account_id = 2")
    desk.forecast(
        FRIDAY,
        [1, 2, 3],
        model=np.array(["simple", "simple", "other"]),
        cohort=np.array(["p/evaluation", "p/funded", "p/evaluation"]),
        naive_mean=np.array([0, 0, np.nan]),
        risks={"any_breach": np.array([0.8, 0.1, 0.3])},
    )
    realise(desk.database)
    return desk


def test_skill_is_of_shares_of_the_initial_balance(judged):
    simple, other = forecast_accuracy(judged.database).groups
    ours, naive = 56.5 / 10000 + 3 * 5.5 / 20000, 2.5 * 45 / 10000 + 2.5 * 15 / 20000
    assert (simple.name, simple.forecasts, simple.days_scored) == ("simple", 2, 6)
    assert simple.skill == pytest.approx(1 - ours / naive)
    assert (other.name, other.skill, other.total_skill) == ("other", None, None)


def test_coverage_and_its_weeks(judged):
    judged.day(1, date(2024, 3, 14), 15)
    judged.forecast(DAYS[2], [1])
    realise(judged.database)
    report = forecast_accuracy(judged.database, by="horizon")
    (group,) = report.groups
    assert (report.since, report.until, group.name) == (FRIDAY, DAYS[2], "3")
    assert (group.coverage_80, group.coverage_95) == pytest.approx((5 / 8, 7 / 8))
    assert (group.total_coverage_80, group.total_coverage_95) == (1, 1)
    weeks = [(week.week, week.coverage_80, week.coverage_95) for week in group.weeks]
    assert weeks == [
        (date(2024, 3, 4), pytest.approx(5 / 7), pytest.approx(6 / 7)),
        (date(2024, 3, 11), 0, 1),
    ]


def test_probabilities_are_compared_with_what_came(judged):
    (group,) = forecast_accuracy(judged.database, by="horizon").groups
    risk = group.risks["any_breach"]
    assert set(group.risks) == {"any_breach"}
    assert (risk.forecasts, risk.predicted, risk.realised) == (3, pytest.approx(0.4), pytest.approx(2 / 3))
    assert risk.brier == pytest.approx((0.2**2 + 0.1**2 + 0.7**2) / 3)
    assert risk.brier_skill == pytest.approx(1 - risk.brier / (2 / 9))


def test_cohorts_are_told_apart_and_one_that_always_or_never_breaks_has_no_skill(judged):
    evaluation, funded = forecast_accuracy(judged.database, by="cohort").groups
    assert (evaluation.name, evaluation.forecasts, funded.name) == ("p/evaluation", 2, "p/funded")
    assert evaluation.risks["any_breach"].realised == 1
    assert evaluation.risks["any_breach"].brier_skill is None
    assert funded.risks["any_breach"].brier_skill is None


def test_only_the_last_days_count(judged):
    judged.day(2, FRIDAY + timedelta(days=63), 0)
    judged.forecast(FRIDAY + timedelta(days=60), [2])
    realise(judged.database)
    assert sum(group.forecasts for group in forecast_accuracy(judged.database, days=30).groups) == 1
    assert sum(group.forecasts for group in forecast_accuracy(judged.database, days=61).groups) == 4


def test_without_anything_to_score(desk):
    report = forecast_accuracy(desk.database)
    assert (report.groups, report.waiting, report.since) == ((), 0, None)
    desk.day(1, FRIDAY, 0)
    desk.forecast(FRIDAY, [1])
    realise(desk.database)
    report = forecast_accuracy(desk.database)
    assert (report.groups, report.waiting) == ((), 1)


def run(desk, *arguments: str) -> Result:
    return CliRunner().invoke(timeseries, ["--database-url", desk.database.url, "forecast", *arguments])


@pytest.fixture
def stored(desk):
    for day in (FRIDAY, date(2024, 3, 11), date(2024, 3, 12), date(2024, 3, 13)):
        for account in (1, 2, 3):
            desk.day(account, day, 5 * account)
    desk.forecast(FRIDAY, [1, 2, 3], risks={"any_breach": np.array([0.1, 0.2, 0.3])})
    return desk


def test_accuracy_is_shown_with_skill_coverage_and_chances(stored):
    shown = run(stored, "accuracy")
    assert shown.exit_code == 0, shown.output
    assert "Forecasts made from 2024-03-08 to 2024-03-08, by model" in shown.output
    assert "66.7%" in shown.output
    assert "any breach" in shown.output


def test_accuracy_for_machines_has_everything(stored):
    told = json.loads(run(stored, "accuracy", "--by", "cohort", "--days", "5", "--json").output)
    (group,) = told["groups"]
    assert (told["by"], group["name"], group["forecasts"]) == ("cohort", "p/evaluation", 3)
    assert group["weeks"][0]["week"] == "2024-03-04"
    assert group["risks"]["any_breach"]["realised"] == 0
    assert told["freshness"]["computed"]


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_accuracy_is_drawn(stored, tmp_path, ending):
    path = tmp_path / f"coverage.{ending}"
    assert f"Drawn into {path}" in run(stored, "accuracy", "--plot", str(path)).output.replace("\n", "")
    assert path.stat().st_size > 5_000


def test_a_plot_that_cannot_be_drawn_is_refused(stored, tmp_path):
    assert isinstance(run(stored, "accuracy", "--plot", str(tmp_path / "x.doc")).exception, InputError)


def test_nothing_to_score_says_what_to_do(desk):
    assert isinstance(run(desk, "accuracy").exception, InputError)
    desk.day(1, FRIDAY, 0)
    assert "timeseries forecast --all" in run(desk, "accuracy").output
    desk.forecast(FRIDAY, [1])
    assert "1 forecasts wait for their first day" in run(desk, "accuracy").output


def test_an_account_called_accuracy_is_reached_by_option(stored):
    found = run(stored, "--account", "accuracy").exception
    assert isinstance(found, NotFound)
    assert "'accuracy'" in str(found)


def test_help_of_both(desk):
    own = run(desk, "--help").output
    assert "forecast [OPTIONS] [ACCOUNT]" in own
    assert "timeseries forecast accuracy --help" in own
    assert "Brier" in run(desk, "accuracy", "--help").output


@pytest.mark.parametrize(
    "arguments",
    [[], ["A1", "--all"], ["--all", "--group", "g"], ["A1", "--account", "A2"], ["--all", "--plot", "x.png"]],
)
def test_what_cannot_be_meant_is_refused(desk, arguments):
    assert isinstance(run(desk, *arguments).exception, InputError)
