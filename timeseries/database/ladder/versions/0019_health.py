"""What the engine observes of itself, and alerts about that."""

from timeseries.database.ladder import run_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0019_health.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0019_health.downgrade.sql")
