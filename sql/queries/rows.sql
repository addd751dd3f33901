-- enter: The ledger's entry for the rows that a source sends on a day of UTC, if it is not there.
INSERT INTO ingested_files (kind, name, sha256)
VALUES ('trades', :source, :key)
ON CONFLICT (kind, sha256) DO NOTHING;

-- entry: That entry, and the moment that undated rows hold from, in microseconds.
-- It is not locked: two batches of a source wait for each other where they share accounts, and at their ends.
SELECT file_id, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now
FROM ingested_files
WHERE kind = 'trades' AND sha256 = :key;

-- accounts_of_groups: Which of these accounts are in some groups, and when they were opened (UTC seconds).
SELECT account, extract(epoch FROM opened_at)::bigint AS opened_at
FROM accounts
WHERE account = ANY (CAST(:accounts AS text[]))
  AND account_group = ANY (CAST(:groups AS text[]));
