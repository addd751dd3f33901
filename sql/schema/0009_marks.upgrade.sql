-- How far each account has been loaded: a ticket or a snapshot beyond its mark is new without a look-up.

ALTER TABLE accounts
    ADD COLUMN highest_ticket  bigint,
    ADD COLUMN newest_snapshot timestamptz;
COMMENT ON COLUMN accounts.highest_ticket IS 'No trade of the account with a higher ticket has been loaded. Ingest locks the row while it loads.';
COMMENT ON COLUMN accounts.newest_snapshot IS 'No equity snapshot of the account later than this has been loaded.';

UPDATE accounts a
SET highest_ticket = loaded.highest_ticket
FROM (SELECT account_id, max(ticket) AS highest_ticket FROM trades GROUP BY account_id) AS loaded
WHERE a.account_id = loaded.account_id;

UPDATE accounts a
SET newest_snapshot = loaded.newest_snapshot
FROM (SELECT account_id, max(time) AS newest_snapshot FROM equity GROUP BY account_id) AS loaded
WHERE a.account_id = loaded.account_id;
