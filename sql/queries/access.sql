-- become_reader: Make this transaction a reading one, of the whole firm; all of it ends with the transaction.
SELECT set_config('transaction_read_only', 'on', true),
       set_config('role', 'timeseries_reader', true);

-- become_scoped_reader: Make this transaction a reading one, of some groups; all of it ends with the transaction.
-- The schema visible comes first, so that a hypertable's name means the view of what may be seen of it.
SELECT set_config('transaction_read_only', 'on', true),
       set_config('search_path', 'visible, public', true),
       set_config('timeseries.groups', CAST(CAST(:groups AS text[]) AS text), true),
       set_config('role', 'timeseries_scoped_reader', true);

-- unknown_groups: Which of these groups have no account.
SELECT name
FROM unnest(CAST(:groups AS text[])) AS name
WHERE NOT EXISTS (SELECT FROM accounts WHERE account_group = name)
ORDER BY name;

-- add_token: Keep a new token; nothing where one of this name is in force.
INSERT INTO api_tokens (name, secret_hash, scopes, groups, lifetime, expires_at)
VALUES (:name, :secret_hash, CAST(:scopes AS text[]), CAST(:groups AS text[]), CAST(:lifetime AS interval),
        clock_timestamp() + CAST(:lifetime AS interval))
ON CONFLICT (name) WHERE revoked_at IS NULL AND NOT replaced DO NOTHING
RETURNING name, scopes, groups, expires_at;

-- find_token: The token with this secret, if it is good at this moment.
SELECT token_id, name, scopes, groups, expires_at
FROM api_tokens
WHERE secret_hash = :secret_hash
  AND revoked_at IS NULL
  AND (expires_at IS NULL OR expires_at > clock_timestamp());

-- list_tokens: Every token there ever was, those of one name together, the newest first.
SELECT name,
       scopes,
       groups,
       created_at,
       expires_at,
       revoked_at,
       CASE
           WHEN revoked_at IS NOT NULL THEN 'revoked'
           WHEN expires_at <= clock_timestamp() THEN 'expired'
           WHEN replaced THEN 'replaced'
           ELSE 'in force'
       END AS state
FROM api_tokens
ORDER BY name, token_id DESC;

-- replace_token: Let the token of a name end soon, to make room for its successor.
UPDATE api_tokens
SET replaced   = true,
    expires_at = least(expires_at, clock_timestamp() + CAST(:keep AS interval))
WHERE name = :name
  AND revoked_at IS NULL
  AND NOT replaced
RETURNING scopes, groups, lifetime;

-- revoke_tokens: End every token of a name at once.
UPDATE api_tokens
SET revoked_at = clock_timestamp()
WHERE name = :name
  AND revoked_at IS NULL
RETURNING token_id;
