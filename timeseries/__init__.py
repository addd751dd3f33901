"""A time-series analytics engine on TimescaleDB for proprietary-trading accounts.

The rooms, in the order data passes through them: ``ingest`` → ``metrics`` → ``anomaly`` and
``forecast`` → ``alerts``. ``pipeline`` joins them to the ``database``; ``commands`` show them to people.
"""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("timeseries-engine")
