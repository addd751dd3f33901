"""The program as people run it: processes, their output and exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import cli
from timeseries.database import embedded

PROGRAM = [sys.executable, "-c", "import cli; cli.main()"]


class Terminal:
    """Runs the program on a data directory of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.environment = {**os.environ, "TIMESERIES_DATA_DIR": str(data_dir), "COLUMNS": "160"}
        self.data_dir = data_dir

    def run(self, *arguments: str, exit_code: int = 0) -> str:
        """Its output; what went to the error stream comes last."""
        done = subprocess.run(
            [*PROGRAM, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == exit_code, (done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    def ask(self, *arguments: str) -> str:
        """The same in this process, which is quicker: for verbs whose process is not the matter."""
        done = CliRunner().invoke(cli.timeseries, arguments, env=self.environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def json(self, *arguments: str):
        return json.loads(self.ask(*arguments, "--json"))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    directory = tmp_path_factory.mktemp("cli")
    yield Terminal(directory)
    embedded.stop(directory)


@pytest.fixture(scope="module")
def demo(terminal: Terminal) -> Iterator[Terminal]:
    """The demonstration's own database, after a small demonstration."""
    report = terminal.run("demo", "--accounts", "40", "--days", "70")
    for heading in (
        "new rows",
        "Storage",
        "The anomalies put in on purpose",
        "likely to earn next",
        "seconds in all",
    ):
        assert heading in report
    shown = Terminal(terminal.data_dir / "demo")
    yield shown
    embedded.stop(shown.data_dir)


@pytest.fixture(scope="module")
def account(demo: Terminal) -> str:
    return demo.json("accounts", "--status", "active")[0]["account"]


@pytest.fixture(scope="module")
def forecasts(demo: Terminal) -> list[dict[str, Any]]:
    """Of every active account, with what the demonstration has learnt."""
    return json.loads(demo.run("forecast", "--all", "--json"))


def test_metrics_are_shown_and_given_as_json(demo, account):
    assert account in demo.run("metrics", account, "--days", "3")
    days = demo.json("metrics", account, "--days", "3")
    assert len(days) == 3
    assert days[0]["trading_day"] > days[1]["trading_day"]
    assert not any(day["stale"] for day in days)


def test_a_forecast_is_shown_with_naive_beside_it_and_drawn(demo, account, tmp_path):
    picture = tmp_path / "forecast.png"
    shown = demo.run("forecast", account, "--horizon", "5", "--plot", str(picture))
    assert "naive 10 %" in shown
    assert "max drawdown" in shown
    assert picture.read_bytes().startswith(b"\x89PNG")
    forecast = demo.json("forecast", account, "--horizon", "5")
    assert len(forecast["days"]) == 5
    for day in forecast["days"]:
        quantiles = list(day["total_quantiles"].values())
        assert quantiles == sorted(quantiles)
    assert all(risk is None or 0 <= risk <= 1 for risk in forecast["risks"].values())


def test_all_active_accounts_are_forecast(demo, forecasts):
    assert {one["account"] for one in forecasts} == {
        one["account"] for one in demo.json("accounts", "--status", "active", "--top", "1000")
    }


def test_an_account_alone_is_forecast_as_among_all(demo, forecasts):
    one = max(forecasts, key=lambda one: one["any_breach"] or 0)
    alone = demo.json("forecast", one["account"])
    assert alone["made_at"] is not None
    assert alone["risks"]["any_breach"] == one["any_breach"]
    assert sum(day["mean"] for day in alone["days"]) == pytest.approx(one["expected"])
    assert demo.json("forecast", one["account"], "--horizon", "5")["made_at"] is None


def test_a_group_is_forecast_as_the_sum_of_its_accounts_and_unknown_ones_are_named(demo, forecasts):
    group = next(
        one["account_group"] for one in demo.json("accounts", "--status", "active") if one["account_group"]
    )
    members = {one["account"] for one in demo.json("accounts", "--group", group, "--status", "active")}
    [together] = demo.json("forecast", "--group", group)
    alone = [one for one in forecasts if one["account"] in members]
    assert together["accounts"] == len(alone)
    assert sum(together["mean"]) == pytest.approx(sum(one["expected"] for one in alone), abs=0.01)
    paid = sum(one["expected_payout"] or 0.0 for one in alone)
    assert together["expected_payout"] == pytest.approx(paid, rel=0.1, abs=5)
    assert group in demo.run("forecast", "--group", "nobody", exit_code=4)


def test_what_was_learnt_serves_again_until_it_is_to_be_learnt_anew(demo, forecasts):
    anew = demo.json("forecast", "--all", "--learn")
    for one, other in zip(forecasts, anew, strict=True):
        assert one["model"] == other["model"]
        assert one["expected"] == pytest.approx(other["expected"], rel=1e-6)


def test_detecting_a_day_again_gives_the_same_findings(demo):
    first, second = (demo.json("detect", "--days", "20") for _ in range(2))
    assert first == second
    assert all(finding["reason"].endswith(".") for finding in first["findings"])


def test_a_full_cycle_of_jobs_raises_no_alert_twice(demo):
    demo.run("jobs", "run", "all")
    before = demo.json("alerts", "list", "--top", "1000")
    demo.run("jobs", "run", "all")
    assert demo.json("alerts", "list", "--top", "1000") == before
    assert {run["state"] for run in demo.json("jobs", "history")} == {"done"}
    assert demo.run("jobs", "doctor").startswith("All is fine.")
    if before:
        assert before[0]["title"] in demo.run("alerts", "show", str(before[0]["alert_id"]))


def test_the_scheduler_stops_cleanly_when_told(demo):
    process = demo.start("jobs", "start")
    for line in process.stdout:
        if "scheduler started" in line:
            break
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_ctrl_c_stops_in_one_sentence(terminal):
    process = terminal.start("demo", "--accounts", "1500")
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "run the same command again" in said
    embedded.stop(terminal.data_dir / "demo")


def test_the_real_statement_goes_all_the_way(terminal, shared_data):
    statement = str(shared_data / "mt4_statement.htm")
    assert "closed P/L 5,390 JPY as the statement says" in terminal.run("ingest", "trades", statement)
    assert "already loaded" in terminal.run("ingest", "trades", statement)
    days = terminal.json("metrics", "1654565", "--days", "100")
    assert sum(float(day["net_profit"]) for day in days) == 5390
    assert float(days[0]["balance_end"]) == 1158200
    assert terminal.json("detect")["day"] == "2018-03-30"
    assert len(terminal.json("forecast", "1654565")["days"]) == 14


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["metrics", "nobody"], 4, "There is no account 'nobody'"),
        (["forecast"], 3, "Name one ACCOUNT, or give --all"),
        (["forecast", "x", "--horizon", "0"], 2, "not in the range"),
        (["alerts", "show", "77"], 4, "There is no alert 77"),
        (["jobs", "run", "nothing"], 4, "There is no job 'nothing'"),
        (["ingest", "trades", "missing.csv"], 3, "There is no file"),
        (["--database-url", "postgresql://u:secret@127.0.0.1:9/x", "db", "status"], 5, "No database answers"),
        (["--database-url", "mysql://x", "db", "status"], 2, "must begin with postgresql://"),
        (["--config", "missing.toml", "accounts"], 2, "There is no settings file"),
        (["bogus"], 2, "No such command"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_said_in_one_sentence(terminal, arguments, exit_code, said):
    output = terminal.run(*arguments, exit_code=exit_code)
    assert said in output
    assert "secret" not in output


def test_status_of_a_database_that_does_not_run(tmp_path):
    assert "is not running" in Terminal(tmp_path).run("db", "status", exit_code=1)


def test_url_is_for_any_client(terminal):
    url = terminal.run("db", "url").strip()
    assert url.startswith("postgresql://postgres:")
    assert "127.0.0.1" in url


def test_the_installed_modules_are_ours():
    files = {str(file) for file in distribution("timeseries-engine").files or ()}
    ours = distribution("timeseries-engine").entry_points.select(name="timeseries")
    assert [entry.value for entry in ours] == ["cli:main"]
    assert "cli.py" in files or any(name.endswith(".pth") for name in files)
