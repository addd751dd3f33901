"""Dashboards of Grafana ask only what the schema dashboard gives, and each panel gets the columns it needs.

Grafana itself does not run here: its macros and variables are expanded the way it expands them, and each
panel's and each variable's statement runs on a real database, empty and filled, in the role that only reads.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana import Screen, relations_of, sources_in
from sqlalchemy import Connection, text

from jobs.engine import run_by_hand
from jobs.registry import JOBS
from timeseries.config import Settings
from timeseries.database import Database
from timeseries.demo import generate
from timeseries.ingest import Kind, load
from timeseries.metrics import known_day, refresh_aggregates, refresh_metrics

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "dashboards"
PROVISIONING = ROOT / "deploy" / "grafana"
DASHBOARDS = {path.stem: json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))}
LONG_VIEWS = (
    "daily_metrics",
    "equity_5m",
    "equity_1d",
    "findings",
    "job_runs",
    "trades",
    "trades_5m",
    "trades_1d",
)
BUILT_IN = {"type": "grafana", "uid": "-- Grafana --"}
RUNS = """
    INSERT INTO job_runs (job, window_start, window_end, state, holder, lease_until,
                          started_at, finished_at, error)
    SELECT 'compress', now() - interval '2 hours', now() - interval '1 hour', state, 'a test', now(),
           now() - interval '1 minute', now(), CASE state WHEN 'failed' THEN 'a reason' END
    FROM unnest(ARRAY ['failed', 'done']) AS state
"""
FINDING = """
    INSERT INTO findings (kind, account_id, trading_day, since, subject, detector, direction, seen, expected,
                          severity, reason)
    SELECT 'anomaly', account_id, :day, :day, 'trades', 'poisson', 1, 40, 4, 'critical', 'ten times as many'
    FROM accounts
    ORDER BY account
    LIMIT 1
    ON CONFLICT DO NOTHING
"""
READ_ONLY = """
    SELECT set_config('transaction_read_only', 'on', true), set_config('role', 'timeseries_reader', true)
"""


# ---- Grafana's macros and variables


A_DAY = Screen(datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC))


@pytest.mark.parametrize(
    ("statement", "expanded"),
    [
        ("$__timeFilter(a.time)", "a.time BETWEEN '2026-06-01T00:00:00Z' AND '2026-06-02T00:00:00Z'"),
        ("$__timeTo()::date", "'2026-06-02T00:00:00Z'::date"),
        ("$__timeGroup(time, '1d')", "time_bucket('86400.000s', time)"),
        ("$__timeGroup(time, $__interval)", "time_bucket('3600.000s', time)"),
        ("ARRAY[${group:sqlstring}]", "ARRAY['a','it''s']"),
        ("account = ${account:sqlstring} OR '$account'", "account = 'O''Neil' OR 'O''Neil'"),
        ("LIKE '$__searchFilter'", "LIKE '%'"),
    ],
)
def test_macros_and_variables_become_what_grafana_makes_of_them(statement, expanded):
    assert replace(A_DAY, chosen={"group": ["a", "it's"], "account": "O'Neil"}).expand(statement) == expanded


# ---- the files


def panels_of(dashboard: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def asking_panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in panels_of(dashboard) if panel["type"] not in ("row", "text")]


def area(panel: dict[str, Any]) -> set[tuple[int, int]]:
    place = panel["gridPos"]
    return {
        (x, y)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    }


def test_there_are_four_dashboards_whose_names_and_numbers_are_their_own():
    assert set(DASHBOARDS) == {"account", "engine", "firm", "risk"}
    assert len({one["uid"] for one in DASHBOARDS.values()}) == 4
    assert len({one["title"] for one in DASHBOARDS.values()}) == 4
    for one in DASHBOARDS.values():
        assert re.fullmatch(r"[\w-]{1,40}", one["uid"])
        ids = [panel["id"] for panel in panels_of(one)]
        assert len(ids) == len(set(ids))
        titles = [panel["title"] for panel in panels_of(one)]
        assert len(titles) == len(set(titles))
        # 39 came with Grafana 11, 42 with the last 12: newer files an older Grafana does not take.
        assert 39 <= one["schemaVersion"] <= 42


@pytest.mark.parametrize("name", DASHBOARDS)
def test_panels_lie_within_the_grid_and_over_no_other(name):
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARDS[name]["panels"]:
        mine = area(panel)
        assert mine
        assert max(x for x, _ in mine) < 24
        assert min(min(place) for place in mine) >= 0
        assert not mine & taken, f"{panel['title']} lies over another panel"
        taken |= mine


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_data_source_is_the_provisioned_one(name):
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "timescaledb.yaml").read_text())["datasources"]
    provisioned = {"type": source["type"], "uid": source["uid"]}
    sources = list(sources_in(DASHBOARDS[name]))
    assert all(one in (provisioned, BUILT_IN) for one in sources)
    for panel in asking_panels(DASHBOARDS[name]):
        assert panel["datasource"] == provisioned
        assert [target["datasource"] for target in panel["targets"]] == [provisioned] * len(panel["targets"])


@pytest.mark.parametrize("name", DASHBOARDS)
def test_every_panel_says_what_it_shows_and_in_which_unit(name):
    for panel in asking_panels(DASHBOARDS[name]):
        assert len(panel["description"]) > 10
        assert panel["description"].endswith(".")
        if panel["type"] in ("timeseries", "trend"):
            defaults = panel["fieldConfig"]["defaults"]
            assert "unit" in defaults or defaults["custom"]["axisLabel"], panel["title"]


@pytest.mark.parametrize("name", DASHBOARDS)
def test_links_lead_to_dashboards_and_variables_that_exist(name):
    uids = {one["uid"]: one for one in DASHBOARDS.values()}
    for uid, query in re.findall(r'"/d/([\w-]+)(\?[^"]*)?"', json.dumps(DASHBOARDS[name])):
        variables = {one["name"] for one in uids[uid]["templating"]["list"]}
        assert set(re.findall(r"var-(\w+)", query)) <= variables


def test_grafana_is_given_the_folder_that_the_dashboards_are_in():
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "timeseries.yaml").read_text())["providers"]
    grafana = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())["services"]["grafana"]
    mounts = dict(mount.split(":")[:2] for mount in grafana["volumes"])
    assert mounts["../dashboards"] == provider["options"]["path"]
    assert mounts["./grafana/dashboards"] == "/etc/grafana/provisioning/dashboards"
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"]
    assert home.stem in DASHBOARDS


# ---- what they ask


@dataclass(frozen=True)
class Answer:
    """What a statement gave: names and type names of columns, and rows."""

    columns: dict[str, str]
    rows: list[tuple[Any, ...]]

    def of(self, column: str) -> list[Any]:
        place = list(self.columns).index(column)
        return [row[place] for row in self.rows]

    def typed(self, *types: str) -> list[str]:
        return [name for name, kind in self.columns.items() if kind in types]


NUMBERS = ("int2", "int4", "int8", "numeric", "float4", "float8")
MOMENTS = ("timestamptz", "timestamp")
Questions = dict[tuple[str, str], tuple[dict[str, Any], str]]


def questions() -> Questions:
    """Every statement with the panel or variable it belongs to, by dashboard and title."""
    found: Questions = {}
    for name, dashboard in DASHBOARDS.items():
        for variable in dashboard["templating"]["list"]:
            found[name, f"${variable['name']}"] = (variable, variable["query"])
        for panel in asking_panels(dashboard):
            for target in panel["targets"]:
                found[name, f"{panel['title']} {target['refId']}"] = (panel, target["rawSql"])
    return found


QUESTIONS = questions()
PANELS = {key: panel for key, (panel, _) in QUESTIONS.items() if "gridPos" in panel}


def ask(connection: Connection, statement: str) -> Answer:
    cursor = connection.connection.cursor()
    cursor.execute(statement)
    names = [column.name for column in cursor.description]
    assert len(names) == len(set(names)), "two columns of one name"
    oids = connection.exec_driver_sql("SELECT oid, typname FROM pg_type WHERE typtype = 'b'").all()
    kinds = dict(oids)
    columns = {column.name: kinds[column.type_code] for column in cursor.description}
    return Answer(columns, cursor.fetchall())


def answers(database: Database, screen: Screen) -> dict[tuple[str, str], Answer]:
    """What every statement gives, in the order Grafana asks: variables first, each with those before it."""
    found = {}
    for name in DASHBOARDS:
        mine = replace(screen, chosen={})
        for key, (part, statement) in QUESTIONS.items():
            if key[0] != name:
                continue
            with database.transaction() as connection:
                connection.execute(text(READ_ONLY))
                found[key] = ask(connection, mine.expand(statement))
            if key not in PANELS:
                values = [row[0] for row in found[key].rows]
                chosen = values if part["multi"] else (values or [""])[0]
                mine = replace(mine, chosen={**mine.chosen, part["name"]: chosen})
    return found


def fill(database: Database, directory: Path) -> None:
    """A small firm as jobs leave it."""
    for kind, paths in generate(directory, accounts=24, days=70, seed=5).files.items():
        for path in paths:
            load(database, Kind(kind), path)
    refresh_metrics(database)
    refresh_aggregates(database)
    for name in ("detect", "forecast"):
        run_by_hand(database, Settings(), JOBS, name)
    last_day = known_day(database)
    with database.transaction() as connection:
        connection.execute(text(RUNS))
        connection.execute(text(FINDING), {"day": last_day})
    run_by_hand(database, Settings(), JOBS, "alert")


@dataclass(frozen=True)
class Seen:
    """The answers of an empty firm, of a filled one for months, and of its last week."""

    empty: dict[tuple[str, str], Answer]
    months: dict[tuple[str, str], Answer]
    week: dict[tuple[str, str], Answer]


@pytest.fixture(scope="module")
def seen(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    empty = answers(database, A_DAY)
    fill(database, tmp_path_factory.mktemp("firm"))
    last = datetime.combine(known_day(database), datetime.min.time(), UTC)
    soon = datetime.now(UTC) + timedelta(days=1)
    months = answers(database, Screen(last - timedelta(days=60), soon, interval=timedelta(days=1)))
    week = answers(database, Screen(last - timedelta(days=7), last))
    return Seen(empty, months, week)


def of_every_size(check: Callable[[dict[str, Any], Answer], None], seen: Seen, key: tuple[str, str]) -> None:
    for found in (seen.empty, seen.months, seen.week):
        check(QUESTIONS[key][0], found[key])


@pytest.mark.parametrize("key", PANELS, ids=" ".join)
def test_a_panel_gets_the_columns_that_its_kind_needs(seen, key):
    of_every_size(NEEDS[PANELS[key]["type"]], seen, key)
    overridden = {
        one["matcher"]["options"]
        for one in PANELS[key]["fieldConfig"]["overrides"]
        if one["matcher"]["id"] == "byName"
    }
    assert overridden <= set(seen.empty[key].columns)


def needs_of_time_series(panel: dict[str, Any], answer: Answer) -> None:
    assert answer.typed(*MOMENTS) == ["time"]
    assert answer.of("time") == sorted(answer.of("time"))
    assert answer.typed(*NUMBERS)
    assert set(answer.columns) - {"time", *answer.typed(*NUMBERS)} <= {"metric"}
    assert panel["targets"][0]["format"] == "time_series"
    lines = answer.of("metric") if "metric" in answer.columns else [None] * len(answer.rows)
    points = list(zip(answer.of("time"), lines, strict=True))
    # Runs of a job may end at one moment; everything else has one value for each.
    style = panel["fieldConfig"]["defaults"]["custom"]["drawStyle"]
    assert style == "points" or len(points) == len(set(points))


def needs_of_stat(panel: dict[str, Any], answer: Answer) -> None:
    reduced = panel["options"]["reduceOptions"]
    assert reduced["fields"] == "/.*/" or answer.typed(*NUMBERS)
    assert reduced["values"] or len(answer.rows) <= 1


def needs_of_bars(panel: dict[str, Any], answer: Answer) -> None:
    assert answer.columns[panel["options"]["xField"]] == "text"
    assert answer.typed(*NUMBERS)


def needs_of_trend(panel: dict[str, Any], answer: Answer) -> None:
    ahead = panel["options"]["xField"]
    assert len(answer.typed(*NUMBERS)) >= 2
    assert answer.columns[ahead] in NUMBERS
    assert answer.of(ahead) == sorted(set(answer.of(ahead)))


def needs_of_table(panel: dict[str, Any], answer: Answer) -> None:
    assert panel["targets"][0]["format"] == "table"
    # Grafana shows an interval or a list as the text that PostgreSQL makes of it.
    assert not answer.typed("interval", "jsonb")
    assert not [kind for kind in answer.columns.values() if kind.startswith("_")]


NEEDS = {
    "timeseries": needs_of_time_series,
    "stat": needs_of_stat,
    "barchart": needs_of_bars,
    "trend": needs_of_trend,
    "table": needs_of_table,
}


@pytest.mark.parametrize("key", PANELS, ids=" ".join)
def test_a_panel_shows_something_of_a_firm_that_has_it(seen, key):
    assert seen.months[key].rows
    assert any(value is not None for row in seen.months[key].rows for value in row)


@pytest.mark.parametrize("key", sorted(QUESTIONS.keys() - PANELS.keys()), ids=" ".join)
def test_a_variable_offers_names_each_of_them_once(seen, key):
    for found in (seen.empty, seen.months):
        assert list(found[key].columns.values()) == ["text"]
        values = [row[0] for row in found[key].rows]
        assert len(values) == len(set(values))
    assert seen.months[key].rows


@pytest.mark.parametrize("key", PANELS, ids=" ".join)
def test_what_is_drawn_over_time_asks_for_the_time_shown_only(key):
    panel, statement = QUESTIONS[key]
    if panel["type"] == "timeseries":
        assert "$__timeFilter(" in statement
    asked = re.findall(r"FROM dashboard\.(\w+)", statement)
    assert statement.count("$__timeFilter(") >= sum(view in LONG_VIEWS for view in asked)


@pytest.mark.parametrize("title", ["Equity and balance A", "Profit by symbol A"])
def test_months_are_drawn_from_days_and_a_week_from_minutes(seen, title):
    months, week = (found["account", title].of("time") for found in (seen.months, seen.week))
    assert {moment.time() for moment in months} == {datetime.min.time()}
    assert len({moment.time() for moment in week}) > 5


def test_raw_trades_are_listed_and_never_summed():
    for panel, statement in QUESTIONS.values():
        if re.search(r"dashboard\.trades\b", statement):
            assert panel["type"] == "table"
            assert re.search(r"\bLIMIT 100$", statement)
            assert "account = ${account:sqlstring}" in statement


def test_nothing_outside_the_schema_dashboard_is_read(database):
    names = {variable["name"] for one in DASHBOARDS.values() for variable in one["templating"]["list"]}
    screen = replace(A_DAY, chosen=dict.fromkeys(names, "none"))
    with database.transaction() as connection:
        assert relations_of(connection, "SELECT account FROM accounts") == {"public.accounts"}
        for key, (_, statement) in QUESTIONS.items():
            found = relations_of(connection, screen.expand(statement))
            assert found, key
            assert {name.split(".")[0] for name in found} == {"dashboard"}, key


def test_money_is_an_ordinary_number(seen):
    balances = seen.months["account", "Balance A"].of("balance")
    assert all(isinstance(value, Decimal) and value > 1 for value in balances)
