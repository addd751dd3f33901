"""What is delivered for operation fits the program: files parse, verbs and settings exist, names agree."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import click
import pytest
import yaml

from cli import timeseries
from timeseries.config import load_settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
OPERATIONS = ROOT / "docs" / "operations.md"
UNITS = {"timeseries.service": ["jobs", "start"], "timeseries-web.service": ["serve"]}
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
ENGINE = {name: service for name, service in SERVICES.items() if "build" in service}
VARIABLE = re.compile(r"\$\{([A-Z_]+)")
METRIC = re.compile(r"\btimeseries_[a-z_]+\b")


def understand(words: list[str]) -> list[str]:
    """Have click read a command line, without running it; returns the verbs it names."""
    command: click.Command = timeseries
    context = command.make_context("timeseries", list(words))
    verbs = []
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        context = found.make_context(name, rest, parent=context)
        verbs.append(found.name or "")
        command = found
    return verbs


def fenced(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


def command_lines() -> Iterator[list[str]]:
    """The words behind ``timeseries``, or in a container of ours, in the pages' examples."""
    for page in (OPERATIONS, DEPLOY / "README.md"):
        text = page.read_text()
        lines = [line for block in fenced(text, "sh") for line in block.splitlines()]
        lines += re.findall(r"`((?:\S+ \* \* \* \* )?timeseries [^`]+)`", text)
        for line in lines:
            words = shlex.split(re.sub(r"^\S+ \* \* \* \* ", "", line), comments=True)
            ours = [place for place, word in enumerate(words) if word in ENGINE]
            if ours and words[0] == "docker":
                yield words[ours[0] + 1 :]
            elif words and words[0] == "timeseries":
                yield words[1:]


def test_a_verb_or_an_option_that_does_not_exist_would_be_noticed():
    assert understand(["jobs", "list", "--json"]) == ["jobs", "list"]
    for words in (["jobs", "lits"], ["jobs", "list", "--jsn"], ["--jsn", "jobs", "list"]):
        with pytest.raises(click.UsageError):
            understand(words)


# ---- compose


@pytest.mark.parametrize("name", ENGINE)
def test_every_container_of_ours_runs_a_verb_that_exists(name):
    assert understand(ENGINE[name]["command"])[0] in ("db", "jobs", "serve")


def test_a_container_runs_the_scheduler_by_itself():
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    command = re.search(r"^CMD (.*)$", dockerfile, flags=re.MULTILINE)
    assert command is not None
    assert understand(yaml.safe_load(command[1])) == ["jobs", "start"]
    assert "\nUSER " in dockerfile


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_waits_for_exists_and_can_come_true(name):
    for other, wait in SERVICES[name].get("depends_on", {}).items():
        if wait["condition"] == "service_healthy":
            assert "healthcheck" in SERVICES[other]
        else:
            assert SERVICES[other]["restart"] == "no", "a service that is started again never completes"


def test_nothing_listens_beyond_this_machine():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert len(ports) == 6
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []
    assert not any("network_mode" in service for service in SERVICES.values())


def test_the_pages_are_asked_for_their_health_where_they_listen():
    web = SERVICES["web"]
    host, port = web["command"][web["command"].index("--listen") + 1].split(":")
    assert not ip_address(host).is_loopback, "on loopback it would ask nobody for a token"
    assert f"http://127.0.0.1:{port}/api/v1/health" in web["healthcheck"]["test"][-1]
    assert [mapping.split(":")[-1] for mapping in web["ports"]] == [port]


def test_every_image_is_pinned():
    for service in SERVICES.values():
        assert re.fullmatch(r"[a-z/-]+:[\w.-]*\d+\.\d+[\w.-]*", service["image"])


def test_every_mounted_file_and_every_volume_is_there():
    for service in SERVICES.values():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (DEPLOY / source).exists() if source.startswith(".") else source in COMPOSE["volumes"]
    for service in ENGINE.values():
        build = service["build"]
        assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()


def test_the_example_names_every_variable_and_no_secret():
    example = dict(
        line.split("=", 1) for line in (DEPLOY / ".env.example").read_text().splitlines() if "=" in line
    )
    assert set(example) == set(VARIABLE.findall((DEPLOY / "compose.yaml").read_text()))
    assert {name for name, value in example.items() if value} == {name for name in example if "PORT" in name}
    given = SERVICES["database"]["environment"]
    for script, environment in (
        ("database/roles.sh", {*given, "POSTGRES_USER"}),
        ("grafana/datasources/timescaledb.yaml", SERVICES["grafana"]["environment"]),
    ):
        used = re.findall(r"\$([A-Z_]+)", (DEPLOY / script).read_text())
        assert used
        assert set(used) <= set(environment)


def test_secrets_do_not_reach_the_repository_or_the_image():
    tracked = subprocess.run(
        ["git", "check-ignore", "deploy/.env", "deploy/sinks.env"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if tracked.returncode == 128:
        pytest.skip("not a git checkout")
    assert tracked.stdout.split() == ["deploy/.env", "deploy/sinks.env"]
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in kept
    assert "!deploy" not in kept


def test_the_image_is_made_of_all_that_the_wheel_needs():
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().split() if line[0] == "!"}
    assert all((ROOT / name).exists() for name in kept)
    project = (ROOT / "pyproject.toml").read_text()
    wheel = project[project.index("[tool.hatch.build.targets.wheel]") :]
    included = re.findall(r'"/([\w.]+)"', wheel.splitlines()[1])
    assert {*included, "sql", "README.md", "pyproject.toml"} == kept


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """The folder as somebody has it who followed the page."""
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    example = (DEPLOY / ".env.example").read_text()
    (folder / ".env").write_text(re.sub(r"=$", "=secret", example, flags=re.MULTILINE))
    shutil.copy(folder / "sinks.env.example", folder / "sinks.env")
    return folder


@cache
def compose_command() -> list[str] | None:
    """Compose 2 or later: Docker's plugin, or the program of its own."""
    beside = Path(sys.executable).parent / "docker-compose"
    for command in (["docker", "compose"], [str(beside)], ["docker-compose"]):
        if shutil.which(command[0]):
            asked = subprocess.run([*command, "version"], capture_output=True, text=True, check=False)
            if asked.returncode == 0 and re.search(r"Docker Compose version v?([2-9]|\d\d)\.", asked.stdout):
                return command
    return None


def compose_config(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = compose_command()
    if command is None:
        pytest.skip("no Docker Compose 2 here")
    return subprocess.run(
        [*command, *options, "config", "--format", "json", "--quiet"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("--profile", "prometheus")])
def test_compose_takes_the_file_as_it_is(filled, options):
    done = compose_config(filled, *options)
    assert (done.returncode, done.stderr) == (0, "")


def test_compose_says_what_to_do_when_a_password_is_missing(filled):
    (filled / ".env").unlink()
    done = compose_config(filled)
    assert done.returncode != 0
    assert "copy .env.example to .env" in done.stderr


# ---- what the containers are given


def test_the_example_settings_can_be_used():
    settings = load_settings(DEPLOY / "timeseries.toml")
    assert settings.alerts.sinks == {"log": "log"}


def test_the_settings_that_are_commented_out_can_be_used_too(tmp_path):
    text = (DEPLOY / "timeseries.toml").read_text()
    path = tmp_path / "timeseries.toml"
    path.write_text(re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE))
    settings = load_settings(path)
    assert settings.retain_days == 730
    assert set(settings.schedules) == {"compress"}
    assert set(settings.alerts.sinks) == {"log", "chat", "hook"}


def test_the_roles_script_is_one_that_a_shell_reads():
    subprocess.run(["sh", "-n", str(DEPLOY / "database" / "roles.sh")], check=True)


def test_grafana_and_prometheus_ask_at_addresses_that_exist():
    [source] = yaml.safe_load((DEPLOY / "grafana/datasources/timescaledb.yaml").read_text())["datasources"]
    assert source["url"].split(":")[0] in SERVICES
    assert f"CREATE ROLE {source['user']} " in (DEPLOY / "database" / "roles.sh").read_text()
    [scraped] = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    for target in scraped["static_configs"][0]["targets"]:
        host, port = target.split(":")
        assert f"0.0.0.0:{port}" in SERVICES[host]["command"]


def test_rules_and_the_page_know_the_same_metrics():
    described = set(re.findall(r"^\| `(timeseries_[a-z_]+)", OPERATIONS.read_text(), flags=re.MULTILINE))
    rules = (DEPLOY / "prometheus" / "alerts.yml").read_text()
    asked = {name for name in METRIC.findall(rules) if name != "timeseries"}
    assert len(asked) >= 8
    assert asked <= described
    [group] = yaml.safe_load(rules)["groups"]
    by_name = {rule["alert"]: rule for rule in group["rules"]}
    for block in fenced(OPERATIONS.read_text(), "yaml"):
        for shown in [one for one in yaml.safe_load(block) if isinstance(one, dict) and "alert" in one]:
            assert by_name[shown["alert"]].items() >= shown.items()


# ---- systemd


def unit_values(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", (DEPLOY / unit).read_text(), flags=re.MULTILINE)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_a_verb_that_exists(unit):
    [line] = unit_values(unit, "ExecStart")
    program, *words = shlex.split(line)
    assert Path(program).name == "timeseries"
    assert understand(words) == UNITS[unit]
    names = {value.split("=")[0] for value in unit_values(unit, "Environment")}
    assert names == {"TIMESERIES_CONFIG", "TIMESERIES_DATA_DIR", "HOME"}


def test_the_page_gives_the_pages_settings_that_ask_everybody_for_a_token(tmp_path):
    [added] = fenced((DEPLOY / "README.md").read_text(), "toml")
    path = tmp_path / "web.toml"
    path.write_text((DEPLOY / "timeseries.toml").read_text() + added)
    assert load_settings(path).web.require_tokens
    assert "TIMESERIES_CONFIG=/etc/timeseries/web.toml" in unit_values(
        "timeseries-web.service", "Environment"
    )


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_a_unit(name, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    unit = tmp_path / name
    program = Path(sys.executable).parent / "timeseries"
    unit.write_text((DEPLOY / name).read_text().replace("/opt/timeseries/bin/timeseries", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


# ---- the pages


@pytest.mark.parametrize("words", list(command_lines()), ids=" ".join)
def test_every_command_on_the_pages_exists(words):
    understand(words)


def test_the_cron_job_runs_what_is_due_and_leaves():
    manifest = next(block for block in fenced(OPERATIONS.read_text(), "yaml") if "CronJob" in block)
    [container] = yaml.safe_load(manifest)["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert understand(container["args"]) == ["jobs", "start"]
    assert "--once" in container["args"]
    assert container["image"] == SERVICES["scheduler-1"]["image"]


def test_files_that_a_page_links_to_exist():
    for page in (OPERATIONS, DEPLOY / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
    table = re.findall(r"^\| (`.*?) \|", (DEPLOY / "README.md").read_text(), flags=re.MULTILINE)
    for name in [name for cell in table for name in re.findall(r"`([^`]+)`", cell)]:
        assert (DEPLOY / name).exists()
