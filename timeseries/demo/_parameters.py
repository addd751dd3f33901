"""The numbers that shape the synthetic firm; all rates are per calendar or trading day as named."""

from datetime import date

# A fixed day, so that the demo is the same for everybody on every day.
DEFAULT_END = date(2026, 6, 30)

OPEN_FROM_THE_START = 0.7
OPENING_SPREAD = 2 / 3

ACTIVE_DAY_BETA = (2.2, 1.2)
EXTRA_TRADES_MEDIAN = 1.6
EXTRA_TRADES_SIGMA = 0.94
DAY_INTENSITY_SHAPE = 1.5

AVERAGE_LOSS_MEDIAN = 0.011
AVERAGE_LOSS_SIGMA = 0.75
WIN_PROBABILITY = 0.62
LOSS_TO_WIN = 1.65
# |t4| has mean 1 exactly: an average loss stays an average loss.
MAGNITUDE_DEGREES = 4
EDGE_MEAN = -0.0085
EDGE_SIGMA = 0.065

CALM_TO_WILD = 0.02
WILD_TO_CALM = 0.06
WILD_FACTOR = 1.7
# Mild on purpose: traders share a market, not each other's positions.
MARKET_FACTOR_SIGMA = 0.12
MARKET_FACTOR_MEMORY = 0.9

# The platform flattens an account at its daily loss; a gap makes it a little more.
FLATTENED_AT = (1.0, 1.12)

# London's morning and the overlap with New York carry most of the day.
HOUR_WEIGHTS = (1.0,) * 7 + (3.0,) * 5 + (5.0,) * 5 + (2.0,) * 4 + (0.5,) * 3
WEEKEND_CRYPTO = 0.25
HOLDING_MEDIAN = 25 * 60
HOLDING_SIGMA = 1.8
HOLDING_LOSER = 1.8
# Few prop accounts hold longer than a week, and the log-normal's tail would.
HOLDING_SHORTEST = 10
HOLDING_LONGEST = 5 * 86400

SNAPSHOT_EVERY = 1800
FLOATING_NOISE = 0.8
LEVERAGE = 100

DUPLICATE_SHARE = 0.005
LATE_SHARE = 0.01
BROKEN_SHARE = 0.002

ANOMALY_SHARE = 0.003
ANOMALY_LEAST = 2
# A detector that knows an account by its own past needs some.
ANOMALY_MINIMUM_AGE = 40

GROUPS = ("dubai", "london", "new-york", "sao-paulo", "singapore")
PHASES = ("evaluation", "verification", "funded")
PHASE_SHARES = (0.6, 0.15, 0.25)
