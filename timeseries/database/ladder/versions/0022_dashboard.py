"""The reading roles, and views that other programs may rely on."""

from timeseries.database.ladder import run_file

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0022_dashboard.upgrade.sql")
    run_file("0022_dashboard_views.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0022_dashboard.downgrade.sql")
