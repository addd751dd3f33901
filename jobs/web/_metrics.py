"""The metrics: from a reading of the database to families of samples."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from jobs.engine import Look, Standing, diagnose
from jobs.web._reading import Reading
from timeseries.config import Settings
from timeseries.database import Policy
from timeseries.health import Observation

__all__ = ["SchedulerCollector"]

Samples = Iterable[tuple[tuple[str, ...], float | None]]
STATES = ("due", "running", "retrying", "waiting", "paused", "idle")
ENDS = ("done", "failed", "given_up", "lost")


class SchedulerCollector(Collector):
    """Reads the database when it is asked; without one there are only the metrics of the scheduler itself."""

    def __init__(
        self, newest: Callable[[], Reading | None], look_age: Callable[[], float], settings: Settings
    ) -> None:
        self._newest = newest
        self._look_age = look_age
        self._settings = settings

    def collect(self) -> Iterator[Metric]:
        """All families of samples."""
        reading = self._newest()
        yield _gauge(
            "database_up", "1 while the database answers within four seconds, else 0", reading is not None
        )
        yield _gauge(
            "scheduler_last_look_age_seconds",
            "Since this scheduler last looked what is due",
            self._look_age(),
        )
        if reading is not None:
            yield from _of_jobs(reading.look, self._settings)
            yield from _of_runs(reading)
            yield from _of_backlog(reading)
            yield _of_policies(reading.policies)
            yield from _of_observations(reading.observations)


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"timeseries_{name}", meaning, value=float(value))


def _gauges(name: str, meaning: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(GaugeMetricFamily(f"timeseries_{name}", meaning, labels=labels), samples)


def _counters(name: str, meaning: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    return _filled(CounterMetricFamily(f"timeseries_{name}", meaning, labels=labels), samples)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    for labels, value in samples:
        if value is not None:
            family.add_metric(labels, float(value))
    return family


def _of_jobs(seen: Look, settings: Settings) -> Iterator[Metric]:
    def each(name: str, meaning: str, value: Callable[[Standing], float | None]) -> Metric:
        return _gauges(name, meaning, ("job",), (((one.job.name,), value(one)) for one in seen.standings))

    yield each(
        "job_lag_seconds",
        "How long the oldest window has been due without any run of the job having ended meanwhile",
        lambda one: one.late_by(seen.now).total_seconds(),
    )
    yield each("job_windows_behind", "Windows that are due or run", lambda one: one.behind)
    yield each("job_last_duration_seconds", "How long the last run that was done took", _last_duration)
    yield each(
        "job_last_success_timestamp_seconds",
        "When the last run that was done ended, Unix time",
        lambda one: _timestamp(one.facts.done_finished_at),
    )
    yield each("job_failures_in_a_row", "Runs that failed since one was done", lambda one: one.facts.failures)
    ill = {one.job: one.ill for one in diagnose(seen, settings)}
    yield each(
        "job_ill", "1 for a job that somebody has to look after, else 0", lambda one: ill[one.job.name]
    )
    states = (((one.job.name, state), one.state == state) for one in seen.standings for state in STATES)
    yield _gauges("job_state", "1 for the state the job is in, 0 for the others", ("job", "state"), states)


def _last_duration(standing: Standing) -> float | None:
    began, ended = standing.facts.done_started_at, standing.facts.done_finished_at
    return None if began is None or ended is None else (ended - began).total_seconds()


def _timestamp(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def _of_runs(reading: Reading) -> Iterator[Metric]:
    names = [one.job.name for one in reading.look.standings]
    runs = (((name, end), reading.runs.get((name, end), 0)) for name in names for end in ENDS)
    yield _counters(
        "job_runs", "Runs that ended, whoever ran them, since this scheduler began", ("job", "state"), runs
    )
    rows = (((name,), reading.rows.get(name, 0)) for name in names)
    yield _counters("job_rows", "Rows that these runs touched", ("job",), rows)


def _of_backlog(reading: Reading) -> Iterator[Metric]:
    standings = reading.look.standings
    yield _gauge("queue_length", "Windows due and not begun", sum(_not_begun(one) for one in standings))
    yield _gauge("days_not_final", "Weekdays that are over and not final", _days_not_final(reading.look))
    yield _gauge("outbox_pending", "Messages to sinks still to be delivered", reading.outbox_pending)
    yield _gauge(
        "stale_account_days",
        "Days of accounts to be recomputed, at most a million",
        reading.stale_account_days,
    )


def _not_begun(standing: Standing) -> int:
    """How many runs are still to come; windows that become one are one, and paused jobs have none."""
    if standing.state == "paused":
        return 0
    waiting = standing.behind - (standing.state == "running")
    return min(waiting, 1) if standing.job.coalesce and standing.state != "running" else max(waiting, 0)


def _days_not_final(seen: Look) -> int:
    def is_over(day: datetime) -> bool:
        return day + timedelta(days=1) <= seen.now

    return sum(
        not one.is_final and is_over(datetime.combine(one.trading_day, time(), UTC)) for one in seen.days
    )


def _of_policies(policies: list[Policy]) -> Metric:
    failures: dict[str, int] = {}
    for one in policies:
        name = f"{one.kind} {one.what}"
        failures[name] = max(one.failures, failures.get(name, 0))
    samples = (((name,), count) for name, count in failures.items())
    return _gauges(
        "policy_failures", "Failures of TimescaleDB's policy since it last succeeded", ("policy",), samples
    )


def _of_observations(observed: list[Observation]) -> Iterator[Metric]:
    if not observed:
        return
    newest = observed[-1]

    def by_name(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
        return _gauges(name, meaning, (label,), (((key,), value) for key, value in values.items()))

    def by_host(name: str, meaning: str, value: Callable[[Observation], float | None]) -> Metric:
        return _gauges(name, meaning, ("host",), (((one.host,), value(one)) for one in observed))

    yield _gauge(
        "observation_timestamp_seconds",
        "When the health job last looked at database and machine, Unix time",
        newest.observed_at.timestamp(),
    )
    yield by_name("read_seconds", "How long a common read took", "read", newest.read_seconds)
    yield _gauge("database_bytes", "Size of the database", newest.database_bytes)
    yield by_name("table_bytes", "Size of a hypertable with its indexes", "table", newest.table_bytes)
    yield by_host("cpu_share", "Share of the processors in use, 0 to 1", lambda one: one.cpu)
    yield by_host("memory_share", "Share of the memory in use, 0 to 1", lambda one: one.memory)
    yield by_host("disk_free_share", "Share of the disk that is free, 0 to 1", lambda one: one.disk_free)
