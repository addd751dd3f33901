"""`timeseries backtest forecast`, on a small firm in the database."""

import json
import re
from dataclasses import fields
from html.parser import HTMLParser

import numpy as np
import pytest
from click.testing import CliRunner

import cli
from timeseries.demo import generate
from timeseries.errors import InputError
from timeseries.ingest import Kind, load
from timeseries.metrics import known_day, load_accounts, load_panel, refresh_metrics
from timeseries.pipeline import backtest_forecast
from timeseries.pipeline._rules import low_excess, panel_until, rules_at

HORIZON = 7


@pytest.fixture(scope="module")
def firm(database, tmp_path_factory):
    made = generate(tmp_path_factory.mktemp("firm"), accounts=14, days=90, seed=21)
    for path in (*made.plans, *made.accounts, *made.trades, *made.equity):
        load(database, next(kind for kind in Kind if path.name.startswith(kind)), path)
    refresh_metrics(database)
    return database


@pytest.fixture(scope="module")
def found(firm):
    return backtest_forecast(firm, horizon=HORIZON, origins=4)


@pytest.fixture
def timeseries(firm):
    """Run the verb on the firm: its output, or the error that it raised."""

    def run(*words):
        door = ["--database-url", firm.url, "backtest", "forecast"]
        result = CliRunner().invoke(cli.timeseries, [*door, *words], catch_exceptions=True)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.output

    return run


def test_rules_of_an_earlier_day_are_those_the_database_had_then(firm):
    until = known_day(firm)
    panel = load_panel(firm, until=until, days=90)
    day = panel.days[-30].item()
    then = load_panel(firm, until=day, days=61)
    rules = rules_at(panel, day, load_accounts(firm, until=day))
    expected = rules_at(then, day)
    for field in fields(rules):
        np.testing.assert_array_equal(getattr(rules, field.name), getattr(expected, field.name), field.name)
    known = panel_until(panel, day, load_accounts(firm, until=day))
    np.testing.assert_array_equal(low_excess(known, "balance"), low_excess(then, "balance"))


def test_every_origin_is_a_horizon_before_the_next(found):
    assert len(found.origins) == 4
    ends = (*found.origins[1:], found.until)
    steps = [np.busday_count(begin, end) for begin, end in zip(found.origins, ends, strict=True)]
    assert steps == [HORIZON] * 4


def test_accounts_that_have_broken_a_rule_are_not_forecast_again(firm, found):
    panel = load_panel(firm, until=found.until, days=60)
    names = panel.accounts.table["status"].to_numpy()
    # Nobody of the firm trades on after a breach: forecasts cannot outnumber those who had days to come.
    at_origins = np.isfinite(panel["net_profit"][:, [-1 - HORIZON * k for k in range(1, 5)]]).sum()
    assert len(names) >= found.accounts
    [auto] = [one for one in found.proof.scores() if one.model == "auto"]
    assert auto.forecasts <= at_origins


# A demo account is closed when it breaks a rule, and has no day after.
BREACHES = """
SELECT count(*)
FROM (
    SELECT account_id, min(trading_day) AS first, max(trading_day) AS last FROM daily_metrics GROUP BY 1
) AS days
JOIN accounts USING (account_id)
WHERE status = 'breached' AND phase = 'funded' AND first <= %s AND last > %s AND last <= %s
"""


def test_breaches_that_came_are_those_that_closed_accounts(firm):
    proof = backtest_forecast(firm, horizon=1, origins=50, models=["naive"])
    cases = proof.proof.cases["naive", "any_breach"]
    # A funded account has no target, so nothing but a breach ends its story.
    funded = np.char.endswith(np.array(proof.proof.cohorts)[cases.cohort], "/funded")
    closed = []
    for day, end in zip(proof.origins, (*proof.origins[1:], proof.until), strict=True):
        with firm.transaction() as connection:
            closed.append(connection.exec_driver_sql(BREACHES, (day, day, end)).scalar_one())
    told = [cases.came[funded & (cases.origin == place)].sum() for place in proof.proof.origins]
    assert told == closed
    assert sum(closed) > 0


def test_the_verb_prints_what_the_report_holds(timeseries, tmp_path):
    page = tmp_path / "report.html"
    output = timeseries("--horizon", str(HORIZON), "--origins", "4", "--report", str(page))
    parsed = Cells(page)
    assert "auto" in parsed.cells
    printed = re.findall(r"\d+\.\d+%?", output)
    assert len(printed) > 50
    held = set(re.findall(r"\d+\.\d+%?", " ".join([*parsed.cells, parsed.verdict])))
    assert set(printed) <= held
    assert len(parsed.images) == 5
    assert all(image.startswith("data:image/svg+xml;base64,") for image in parsed.images)
    assert not parsed.links
    assert parsed.verdict == output.strip().splitlines()[-2]


def test_json_holds_every_group_and_only_finite_numbers(timeseries):
    told = json.loads(timeseries("--horizon", "7", "--origins", "2", "--accounts", "9", "--json"))
    assert told["accounts"] <= 9
    assert len(told["origins"]) == 2
    assert {one["model"] for one in told["by_model"]} == {"auto", "naive"}
    assert sum(one["forecasts"] for one in told["by_cohort"]) == sum(o["forecasts"] for o in told["by_model"])
    json.dumps(told, allow_nan=False)


def test_by_cohort_tells_cohorts_apart(timeseries):
    output = timeseries("--horizon", "7", "--origins", "2", "--by", "cohort")
    assert "/funded" in output
    assert "by cohort" in output


def test_too_long_a_horizon_is_one_sentence(firm):
    with pytest.raises(InputError, match="too short: a horizon of 100 needs 130"):
        backtest_forecast(firm, horizon=100, origins=1)


def test_a_model_that_does_not_exist_is_one_sentence(timeseries):
    with pytest.raises(InputError, match="no model 'best'"):
        timeseries("--models", "auto,best")


class Cells(HTMLParser):
    """The cells, pictures and outward addresses of a page."""

    def __init__(self, path):
        super().__init__()
        self.cells, self.images, self.links, self.verdict = [], [], [], ""
        self.in_verdict = False
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        address = dict(attributes)
        if tag == "img":
            self.images.append(address["src"])
        elif "href" in address or "src" in address:
            self.links.append(tag)
        self.in_verdict = dict(attributes).get("class") == "verdict"
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.in_verdict:
            self.verdict += data.strip()
        if self.lasttag in ("td", "th") and data.strip():
            self.cells[-1] += data
