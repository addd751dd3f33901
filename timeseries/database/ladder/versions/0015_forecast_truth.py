"""What became of forecasts, forecasts of groups, and what models have learnt."""

from timeseries.database.ladder import run_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Climb this rung."""
    run_file("0015_forecast_truth.upgrade.sql")


def downgrade() -> None:
    """Descend from it."""
    run_file("0015_forecast_truth.downgrade.sql")
