"""Days and marks of the rules of the trade."""

from timeseries.database.ladder import run_file

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0020_rule_marks.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0020_rule_marks.downgrade.sql")
