"""The machine that the engine runs on."""

import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

__all__ = ["Machine", "look_at_machine"]


@dataclass(frozen=True)
class Machine:
    """What a machine counts.

    Attributes:
        cpu_busy_seconds: of all processors since the machine began to count.
        cpu_seconds: the same, idle time included.
        memory_share: of its memory in use, 0 to 1.
        disk_free_share: of the disk, for everybody but root; None where no directory was named.
    """

    host: str
    cpu_busy_seconds: float
    cpu_seconds: float
    memory_share: float
    disk_free_share: float | None


def look_at_machine(directory: Path | None) -> Machine:
    """What the machine counts now, and how much of the disk under a directory is free."""
    times = psutil.cpu_times()._asdict()
    # Linux counts a guest's time as user time too.
    counted = sum(times.values()) - times.get("guest", 0.0) - times.get("guest_nice", 0.0)
    idle = times["idle"] + times.get("iowait", 0.0)
    memory = psutil.virtual_memory()
    return Machine(
        host=socket.gethostname(),
        cpu_busy_seconds=counted - idle,
        cpu_seconds=counted,
        memory_share=1 - memory.available / memory.total,
        disk_free_share=None if directory is None else _free_share(directory),
    )


def _free_share(directory: Path) -> float:
    disk = psutil.disk_usage(str(directory))
    return disk.free / (disk.used + disk.free)
