ALTER TABLE accounts
    DROP COLUMN highest_ticket,
    DROP COLUMN newest_snapshot;
