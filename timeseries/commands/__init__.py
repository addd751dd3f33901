"""The verbs that need only the library, one module a verb; ``cli.py`` imports each when it is used."""

from timeseries.commands._session import Session, by_whom, pass_session, print_json
from timeseries.commands._verbs import Verb, Verbs

__all__ = ["Session", "Verb", "Verbs", "by_whom", "pass_session", "print_json"]
