"""What of the observations is trouble: each threshold in one sentence, with the number and its limit."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from timeseries.alerts import Trouble
from timeseries.config import HealthSettings, Settings
from timeseries.database import Database, run
from timeseries.health._observe import Observation, observations

__all__ = ["judge", "troubles"]

LOOKS = 3
HOUR = timedelta(hours=1)
# Three looks may lie hours apart, and processors be watched for a day.
LONGEST = timedelta(days=1)
FEWEST_TRANSACTIONS = 1000
FEWEST_DAYS = 3
MONTH_DAYS = 30
SMALL_BYTES = 1e9


def troubles(database: Database, settings: Settings, *, now: datetime | None = None) -> list[Trouble]:
    """What is wrong with database and machine by the stored observations; an empty list when all is well.

    - ``slow_query``: a common read took longer than the limit in the median of the last three observations.
    - ``failed_transactions``: of at least 1,000 in the last hour, more than the limit were rolled back.
    - ``storage_growth``: a database above 1 GB would grow by more than the limit within 30 days, by its daily
      sizes of the last 30 days, at least three.
    - ``cpu``: a machine's processors were in use above the limit at every look of ``sustained_minutes``.
    - ``memory``: a machine's last look within the hour found more than the limit in use.
    - ``disk_free``: it found less than the limit of the embedded database's disk free; critical below half
      the limit.

    Args:
        settings: their ``health`` has the limits.
        now: the time, with a zone; later observations do not count. By default the database's clock.
    """
    with database.transaction() as connection:
        moment: datetime = run(connection, "server.moment", {"now": now}).scalar_one()
        days = run(connection, "health.sizes", {"until": moment}).all()
    sizes = np.array([tuple(day) for day in days], dtype=np.float64).reshape(-1, 2)
    seen = observations(database, since=moment - LONGEST, until=moment)
    return judge(seen, sizes, settings.health, moment)


def judge(
    seen: Sequence[Observation], sizes: npt.NDArray[np.float64], settings: HealthSettings, now: datetime
) -> list[Trouble]:
    """Judge observations without a database.

    Args:
        seen: of the last day up to ``now``, the oldest first.
        sizes: a row for each day, oldest first: days since the epoch, and bytes.
    """
    recent = [one for one in seen if one.observed_at > now - HOUR]
    found = [
        _slow_query(seen, settings),
        _failed_transactions(recent, settings),
        _storage_growth(sizes, settings),
        _cpu(seen, settings, now),
        _memory(recent, settings),
        _disk_free(recent, settings),
    ]
    return [trouble for trouble in found if trouble is not None]


def _slow_query(seen: Sequence[Observation], settings: HealthSettings) -> Trouble | None:
    last = seen[-LOOKS:]
    if len(last) < LOOKS:
        return None
    names = sorted(set.intersection(*(set(one.read_seconds) for one in last)))
    medians = {name: float(np.median([one.read_seconds[name] for one in last])) for name in names}
    slow = {name: seconds for name, seconds in medians.items() if seconds > settings.slow_query_seconds}
    if not slow:
        return None
    took = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in slow.items())
    limit = f"{settings.slow_query_seconds:g} s"
    return Trouble(
        "slow_query",
        "warning",
        f"Common reads take longer than {limit}",
        f"In the median of the last {LOOKS} looks these reads took: {took}; the limit is {limit}.",
    )


def _failed_transactions(seen: Sequence[Observation], settings: HealthSettings) -> Trouble | None:
    failed = sum(one.rolled_back or 0 for one in seen)
    ended = failed + sum(one.committed or 0 for one in seen)
    if ended < FEWEST_TRANSACTIONS or failed <= settings.failed_transactions * ended:
        return None
    limit = _percent(settings.failed_transactions)
    return Trouble(
        "failed_transactions",
        "warning",
        f"More than {limit} of transactions fail",
        f"Of {ended:,} transactions in the last hour {failed:,} ({_percent(failed / ended)}) failed; "
        f"the limit is {limit}.",
    )


def _storage_growth(sizes: npt.NDArray[np.float64], settings: HealthSettings) -> Trouble | None:
    """The growth is the median of the slopes between all pairs of days (Theil 1950; Sen, JASA 63, 1968).

    Loading a history once, or compressing it, is a leap that such a median passes over.
    """
    if not len(sizes) or np.ptp(sizes[:, 0]) < FEWEST_DAYS or sizes[-1, 1] <= SMALL_BYTES:
        return None
    # Here, because importing it takes longer than most commands.
    from scipy.stats import theilslopes

    now = float(sizes[-1, 1])
    growth = MONTH_DAYS * float(theilslopes(sizes[:, 1], sizes[:, 0]).slope)
    if growth <= settings.storage_growth * now:
        return None
    limit = _percent(settings.storage_growth)
    return Trouble(
        "storage_growth",
        "warning",
        f"The database grows by more than {limit} a month",
        f"The database has {now / 1e9:,.1f} GB and, as it grew over the last {np.ptp(sizes[:, 0]):.0f} days, "
        f"will have {(now + growth) / 1e9:,.1f} GB in {MONTH_DAYS} days ({_percent(growth / now)} more); "
        f"the limit is {limit}.",
    )


def _cpu(seen: Sequence[Observation], settings: HealthSettings, now: datetime) -> Trouble | None:
    start = now - timedelta(minutes=settings.sustained_minutes)
    busy = {}
    for host, looks in _by_host([one for one in seen if one.observed_at > start]).items():
        shares = [one.cpu for one in looks if one.cpu is not None and one.cpu > settings.cpu]
        since = looks[0].cpu_since
        if len(shares) == len(looks) and since is not None and since <= start:
            busy[host] = min(shares)
    if not busy:
        return None
    limit = _percent(settings.cpu)
    hosts = ", ".join(f"{_percent(share)} of {host}" for host, share in busy.items())
    return Trouble(
        "cpu",
        "warning",
        f"Processors are in use by more than {limit}",
        f"For {settings.sustained_minutes:g} minutes at least {hosts} was in use; the limit is {limit}.",
    )


def _memory(seen: Sequence[Observation], settings: HealthSettings) -> Trouble | None:
    full = {host: looks[-1].memory for host, looks in _by_host(seen).items()}
    full = {host: share for host, share in full.items() if share > settings.memory}
    if not full:
        return None
    limit = _percent(settings.memory)
    hosts = ", ".join(f"{_percent(share)} of {host}" for host, share in full.items())
    return Trouble(
        "memory",
        "warning",
        f"More than {limit} of memory is in use",
        f"In use when last looked at: {hosts}; the limit is {limit}.",
    )


def _disk_free(seen: Sequence[Observation], settings: HealthSettings) -> Trouble | None:
    free = {host: looks[-1].disk_free for host, looks in _by_host(seen).items()}
    short = {host: share for host, share in free.items() if share is not None and share < settings.disk_free}
    if not short:
        return None
    limit = _percent(settings.disk_free)
    hosts = ", ".join(f"{_percent(share)} on {host}" for host, share in short.items())
    return Trouble(
        "disk_free",
        "critical" if min(short.values()) < settings.disk_free / 2 else "warning",
        f"Less than {limit} of the disk is free",
        f"The disk under the embedded database has free: {hosts}; the limit is {limit}.",
    )


def _by_host(seen: Sequence[Observation]) -> dict[str, list[Observation]]:
    hosts: dict[str, list[Observation]] = defaultdict(list)
    for one in seen:
        hosts[one.host].append(one)
    return dict(sorted(hosts.items()))


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
