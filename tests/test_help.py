"""The help of the groups: quick, because it loads nothing it does not show, and true all the same."""

import subprocess
import sys

import click
import pytest

from cli import VERBS as FIRST
from cli import timeseries
from jobs.commands import VERBS as JOBS
from jobs.commands import jobs

NARROW = 80
HEAVY = ("pandas", "scipy", "sklearn", "statsmodels", "fastapi", "matplotlib")
LOADED = """
import sys
from click.testing import CliRunner
from cli import timeseries
assert CliRunner().invoke(timeseries, sys.argv[1:]).exit_code == 0
print(*sys.modules)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["jobs", "--help"]], ids=" ".join)
def test_the_help_of_a_group_loads_no_heavy_library(arguments):
    ran = subprocess.run(
        [sys.executable, "-c", LOADED, *arguments], capture_output=True, text=True, check=True
    )
    loaded = set(ran.stdout.split())
    assert "click" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize(("group", "verbs"), [(timeseries, FIRST), (jobs, JOBS)], ids=["timeseries", "jobs"])
def test_each_line_is_a_verb_and_is_shown_whole_in_a_narrow_window(group, verbs):
    context = click.Context(group, terminal_width=NARROW)
    lines = [line.strip() for line in group.get_help(context).splitlines()]
    for name, verb in verbs.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        assert any(line.startswith(f"{name} ") and line.endswith(verb.summary) for line in lines)


def test_an_unknown_verb_is_none():
    assert timeseries.get_command(click.Context(timeseries), "frobnicate") is None
