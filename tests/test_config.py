"""Settings: what is read, from where, and what is refused."""

from pathlib import Path

import pytest

from timeseries.config import (
    AlertSettings,
    DigestSettings,
    Route,
    Settings,
    SinkSettings,
    line_of,
    load_settings,
)
from timeseries.errors import ConfigurationError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(content: str, name: str = "timeseries.toml") -> Path:
    Path(name).write_text(content, encoding="utf-8")
    return Path(name)


def refused(content: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(write(content))
    assert caught.value.exit_code == 2
    return str(caught.value)


# ---- precedence


def test_without_anything_the_embedded_database_in_the_users_data_directory(here: Path) -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.database_url is None
    assert settings.data_dir.is_absolute() and settings.data_dir.name == "timeseries"


def test_the_command_line_beats_the_environment_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write('database_url = "postgresql://file"\ndata_dir = "/of/file"')
    assert load_settings().database_url == "postgresql://file"
    assert load_settings().data_dir == Path("/of/file")
    monkeypatch.setenv("TIMESERIES_DATABASE_URL", "postgresql://environment")
    monkeypatch.setenv("TIMESERIES_DATA_DIR", "/of/environment")
    assert load_settings().database_url == "postgresql://environment"
    assert load_settings().data_dir == Path("/of/environment")
    settings = load_settings(database_url="postgresql://given", data_dir=Path("/given"))
    assert (settings.database_url, settings.data_dir) == ("postgresql://given", Path("/given"))


def test_a_data_directory_on_the_command_line_asks_for_the_embedded_database(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIMESERIES_DATABASE_URL", "postgresql://environment")
    assert load_settings(data_dir=Path("/given")).database_url is None
    monkeypatch.setenv("TIMESERIES_DATA_DIR", "/of/environment")
    assert load_settings().database_url == "postgresql://environment"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TIMESERIES_DATABASE_URL", "TIMESERIES_DATA_DIR", "TIMESERIES_CONFIG"):
        monkeypatch.setenv(name, "")
    assert load_settings() == Settings()
    assert load_settings(write('database_url = ""')).database_url is None


def test_the_file_may_be_named_by_option_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    write("retain_days = 100")
    monkeypatch.setenv("TIMESERIES_CONFIG", str(write("retain_days = 200", "other.toml")))
    assert load_settings().retain_days == 200
    assert load_settings(write("retain_days = 300", "third.toml")).retain_days == 300


def test_the_data_directory_becomes_absolute(here: Path) -> None:
    assert load_settings(data_dir=Path("below")).data_dir == here / "below"
    assert load_settings(data_dir=Path("~/mine")).data_dir == Path.home() / "mine"


# ---- the file


def test_every_setting_is_read() -> None:
    content = """\ufeff
        database_url = "postgresql://me@here/firm"
        data_dir = "/of/file"
        retain_days = 400
        [schedules]
        refresh = "*/5 * * * *"
        [alerts]
        fdr = 0.01
        breach_probability = 1
        horizon = 10
        minimum_severity = "critical"
        sinks = { desk = "https://example.org/$TOKEN", "Händler" = "log" }
    """
    settings = load_settings(write(content))
    assert settings.schedules == {"refresh": "*/5 * * * *"}
    assert settings.retain_days == 400
    assert settings.alerts.sinks == {"desk": "https://example.org/$TOKEN", "Händler": "log"}
    assert (settings.alerts.fdr, settings.alerts.breach_probability, settings.alerts.horizon) == (0.01, 1, 10)


def test_sinks_routes_digest_and_rules_are_read() -> None:
    content = """
        [alerts]
        budget = 20
        [alerts.sinks]
        desk = "log"
        hook = { url = "https://example.org/$TOKEN", secret = "$HOOK_SECRET", resolved = false }
        [[alerts.routes]]
        sinks = ["desk", "hook"]
        [[alerts.routes]]
        sinks = ["hook"]
        severity = "critical"
        groups = ["funded"]
        subjects = ["martingale", "net_profit"]
        kinds = ["raised", "resolved"]
        [alerts.digest]
        sinks = ["desk"]
        top = 3
        [rules.martingale]
        factor = 1.2
    """
    settings = load_settings(write(content))
    hook = SinkSettings("https://example.org/$TOKEN", secret="$HOOK_SECRET", resolved=False)
    assert settings.alerts.sinks == {"desk": "log", "hook": hook}
    assert settings.alerts.budget == 20
    assert settings.alerts.routes == (
        Route(("desk", "hook")),
        Route(("hook",), "critical", ("funded",), ("martingale", "net_profit"), ("raised", "resolved")),
    )
    assert settings.alerts.digest == DigestSettings(("desk",), top=3)
    assert settings.rules == {"martingale": {"factor": 1.2}}


def test_an_empty_file_changes_nothing() -> None:
    assert load_settings(write("")) == Settings()


def test_a_named_file_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match=r"^There is no settings file missing\.toml\.$"):
        load_settings(Path("missing.toml"))
    monkeypatch.setenv("TIMESERIES_CONFIG", "absent.toml")
    with pytest.raises(ConfigurationError, match=r"^There is no settings file absent\.toml\.$"):
        load_settings()


@pytest.mark.parametrize("content", ["database_url = ", "[alerts", "= 1", "a = 1\na = 2"])
def test_what_is_not_toml_is_refused_with_the_place(content: str) -> None:
    assert refused(content).startswith("Cannot read timeseries.toml: ")


def test_what_is_not_text_or_no_file_is_refused(here: Path) -> None:
    Path("timeseries.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match=r"^Cannot read timeseries\.toml: "):
        load_settings()
    with pytest.raises(ConfigurationError, match=r"^Cannot read "):
        load_settings(here)


@pytest.mark.parametrize(
    ("content", "named"),
    [("databse_url = 'x'", "'databse_url' in the top level"), ("[alerts]\nsink = {}", "'sink' in [alerts]")],
)
def test_an_unknown_setting_is_refused_with_the_known_ones(content: str, named: str) -> None:
    sentence = refused(content)
    assert sentence.startswith(f"timeseries.toml: unknown setting {named}; known: ")
    assert "database_url" in sentence or "sinks" in sentence


@pytest.mark.parametrize(
    ("content", "setting", "kind"),
    [
        ("database_url = 5", "database_url in the top level", "int"),
        ("data_dir = ['a']", "data_dir in the top level", "list"),
        ("retain_days = '90'", "retain_days in the top level", "str"),
        ("retain_days = true", "retain_days in the top level", "bool"),
        ("retain_days = 90.5", "retain_days in the top level", "float"),
        ("schedules = 'daily'", "schedules in the top level", "str"),
        ("alerts = {fdr = '5%'}", "fdr in [alerts]", "str"),
        ("alerts = {horizon = 7.0}", "horizon in [alerts]", "float"),
        ("alerts = {sinks = ['log']}", "sinks in [alerts]", "list"),
        ("alerts = {minimum_severity = 1}", "minimum_severity in [alerts]", "int"),
    ],
)
def test_a_wrong_type_is_refused_by_name(content: str, setting: str, kind: str) -> None:
    assert refused(content) == f"timeseries.toml: {setting} has the wrong type ({kind})."


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("alerts = 'all'", "[alerts] must be a table"),
        ("alerts = {fdr = 0}", "fdr in [alerts] must lie between 0 and 1"),
        ("alerts = {fdr = nan}", "fdr in [alerts] must lie between 0 and 1"),
        ("alerts = {breach_probability = 1.01}", "breach_probability in [alerts] must lie between 0 and 1"),
        ("alerts = {horizon = 61}", "horizon in [alerts] must be 1 to 60 days"),
        (
            "alerts = {minimum_severity = 'high'}",
            "minimum_severity in [alerts] must be info, warning or critical",
        ),
        ("alerts = {sinks = {desk = 5}}", "sinks in [alerts] must be texts, or tables with a url"),
        (
            "schedules = {refresh = 5}",
            '[schedules] refresh: schedules must be texts such as "every 5 minutes", not 5',
        ),
        ("jobs = {workers = 0}", "workers in [jobs] must be 1 to 64"),
        ("jobs = {lease_seconds = nan}", "lease_seconds in [jobs] must be 1 to 86400"),
        ("jobs = {limits = {detect = true}}", "limits in [jobs] must be minutes above 0"),
        ("health = {cpu = 80}", "cpu in [health] must lie above 0, at most 1"),
        ("retain_days = 29", "retain_days must be at least 30"),
        ("data_dir = ''", "data_dir must not be empty"),
        (
            "alerts = {fdr = 0.05, budget = 20}",
            "[alerts] has both fdr and budget; keep the one that shall hold",
        ),
        ("alerts = {budget = 0}", "budget in [alerts] must be above 0, at most 100000 alarms a day"),
        ("alerts = {budget = inf}", "budget in [alerts] must be above 0, at most 100000 alarms a day"),
        ("alerts = {merge_days = 0}", "merge_days in [alerts] must be 1 to 3650"),
        ("alerts = {cooldown_days = -1}", "cooldown_days in [alerts] must be 0 to 3650"),
        ("alerts = {resolve_days = 0}", "resolve_days in [alerts] must be 1 to 3650"),
        ("alerts = {escalate_hours = nan}", "escalate_hours in [alerts] must be 0 to 87600"),
        ("alerts = {minimum_deviation_share = 1.5}", "minimum_deviation_share in [alerts] must be 0 to 1"),
        ("alerts = {minimum_deviation_money = -1}", "minimum_deviation_money in [alerts] must be 0 to 1e12"),
        ("alerts = {deliver_days = 0}", "deliver_days in [alerts] must be 1 to 3650"),
        ("rules = {hedging = 5}", "rules must be tables [rules.NAME]"),
        ("rules = 5", "rules in the top level has the wrong type (int)"),
        ("alerts = {sinks = {desk = {secret = 'x'}}}", "[alerts.sinks.desk] needs a setting 'url'"),
        (
            "alerts = {sinks = {desk = {url = 'log', key = 'x'}}}",
            "unknown setting 'key' in [alerts.sinks.desk]; known: url, secret, resolved",
        ),
        (
            "alerts = {sinks = {desk = {url = 'log', resolved = 1}}}",
            "resolved in [alerts.sinks.desk] has the wrong type (int)",
        ),
        ("alerts = {routes = 'desk'}", "routes in [alerts] must be tables [[alerts.routes]]"),
        ("alerts = {routes = ['desk']}", "[[alerts.routes]] must be a table"),
        ("alerts = {routes = [{groups = ['a']}]}", "[[alerts.routes]] needs a setting 'sinks'"),
        ("alerts = {routes = [{sinks = []}]}", "[[alerts.routes]] needs at least one sink"),
        ("alerts = {routes = [{sinks = 'log'}]}", "sinks in [[alerts.routes]] has the wrong type (str)"),
        ("alerts = {routes = [{sinks = [5]}]}", "sinks in [[alerts.routes]] must be a list of texts"),
        (
            "alerts = {routes = [{sinks = ['desk']}]}",
            "[[alerts.routes]] names a sink 'desk' that is not in [alerts.sinks]; known: log",
        ),
        (
            "alerts = {routes = [{sinks = ['log'], severity = 'high'}]}",
            "severity in [[alerts.routes]] must be info, warning or critical",
        ),
        (
            "alerts = {routes = [{sinks = ['log'], kinds = ['digest']}]}",
            "unknown kind 'digest' in [[alerts.routes]]; known: raised, escalated, corrected, resolved",
        ),
        (
            "alerts = {routes = [{sinks = ['log'], group = ['a']}]}",
            "unknown setting 'group' in [[alerts.routes]]; known: sinks, severity, groups, subjects, kinds",
        ),
        ("alerts = {digest = true}", "[alerts.digest] must be a table"),
        ("alerts = {digest = {}}", "[alerts.digest] needs a setting 'sinks'"),
        (
            "alerts = {digest = {sinks = ['mail']}}",
            "[alerts.digest] names a sink 'mail' that is not in [alerts.sinks]; known: log",
        ),
        ("alerts = {digest = {sinks = ['log'], top = 101}}", "top in [alerts.digest] must be 0 to 100"),
    ],
)
def test_a_value_out_of_range_is_refused(content: str, sentence: str) -> None:
    assert refused(content) == f"timeseries.toml: {sentence}."


def test_a_home_nobody_has_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^The data directory ~nobody-at-all/data names an unknown home"
    ):
        load_settings(data_dir=Path("~nobody-at-all/data"))


def test_settings_do_not_show_secrets() -> None:
    settings = Settings(
        database_url="postgresql://me:secret@here/firm",
        alerts=AlertSettings(sinks={"desk": "slack://secret"}),
    )
    assert "secret" not in repr(settings)
    assert "hidden" not in repr(SinkSettings("https://hidden", secret="hidden"))


def test_a_setting_that_others_check_is_found_by_its_line() -> None:
    Path("timeseries.toml").write_text('# ours\n[jobs]\nworkers = 3\n\n[schedules]\n"detect" = "at dawn"\n')
    settings = load_settings()
    assert line_of(settings, "schedules", "detect") == "timeseries.toml, line 6: "
    assert line_of(settings, "jobs", "workers") == "timeseries.toml, line 3: "
    assert line_of(settings, "schedules", "workers") == "timeseries.toml: "
    assert line_of(Settings(), "schedules", "detect") == ""
