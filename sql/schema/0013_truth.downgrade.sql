ALTER TABLE accounts DROP COLUMN positions_as_of;
DROP TABLE retention_limits;
DROP TABLE verification_differences;
DROP TABLE verifications;
DROP TABLE rescoring;
DROP TABLE scored_days;
ALTER TABLE stale_days
    DROP COLUMN of_trades,
    DROP COLUMN of_equity,
    DROP COLUMN of_operations;
