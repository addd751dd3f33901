"""The engine of the jobs: schedules, the ledger of runs, and the scheduler. It knows no job by name."""

from jobs.engine.by_hand import missing_days, run_by_hand, window_now, windows_between
from jobs.engine.contract import Context, Job, Progress, Window
from jobs.engine.doctor import Diagnosis, diagnose, troubles_of_jobs
from jobs.engine.ledger import Facts, LeaseLost, Run, history, last_runs, pause, resume, this_process
from jobs.engine.logs import log_to_stderr
from jobs.engine.looking import Look, look, states_of
from jobs.engine.planning import Standing
from jobs.engine.runner import run_window
from jobs.engine.schedule import Cron, Every, Schedule, TradingDays, parse_schedule
from jobs.engine.scheduler import Scheduler
from jobs.engine.schedules import jobs_of, schedules_of

__all__ = [
    "Context",
    "Cron",
    "Diagnosis",
    "Every",
    "Facts",
    "Job",
    "LeaseLost",
    "Look",
    "Progress",
    "Run",
    "Schedule",
    "Scheduler",
    "Standing",
    "TradingDays",
    "Window",
    "diagnose",
    "history",
    "jobs_of",
    "last_runs",
    "log_to_stderr",
    "look",
    "missing_days",
    "parse_schedule",
    "pause",
    "resume",
    "run_by_hand",
    "run_window",
    "schedules_of",
    "states_of",
    "this_process",
    "troubles_of_jobs",
    "window_now",
    "windows_between",
]
