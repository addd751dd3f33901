"""Every failure the engine knows how to explain, in one tree.

    TimeseriesError                 exit code 1
    ├── ConfigurationError          2   the settings cannot be used
    ├── InputError                  3   a file or a value given by the user cannot be used
    │   └── NotFound                4   an account, plan, alert … that does not exist
    ├── DatabaseError               5   the database cannot be used
    │   ├── EmbeddedDatabaseError   5   the embedded one does not start, stop or answer
    │   └── SchemaError             6   the schema is missing, older or newer than the program
    └── JobError                    7   a job failed; the ledger has its error

The message is one sentence for the person at the terminal: what is wrong and what to do.
Only ``cli.main`` turns an error into a message and an exit code.
"""


class TimeseriesError(Exception):
    """The engine cannot go on; the message says why and what to do."""

    exit_code = 1


class ConfigurationError(TimeseriesError):
    """A setting cannot be used."""

    exit_code = 2


class InputError(TimeseriesError):
    """A file or value given by the user cannot be used."""

    exit_code = 3


class NotFound(InputError):  # noqa: N818 - reads as the sentence it stands for
    """What was asked for does not exist."""

    exit_code = 4


class DatabaseError(TimeseriesError):
    """The database cannot be used."""

    exit_code = 5


class EmbeddedDatabaseError(DatabaseError):
    """The embedded database does not start, stop or answer."""


class SchemaError(DatabaseError):
    """The schema is missing, older or newer than the program."""

    exit_code = 6


class JobError(TimeseriesError):
    """A job failed; its ledger row has the error."""

    exit_code = 7
