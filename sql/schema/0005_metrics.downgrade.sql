DROP TABLE stale_days;
DROP TABLE daily_metrics;
