-- extension_version: Version of TimescaleDB in this database; no row without it.
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';

-- license: Which edition runs: timescale (Community) or apache.
SELECT current_setting('timescaledb.license', true);

-- forget_ladder: After the last rung is taken down, nothing of ours stays.
DROP TABLE IF EXISTS alembic_version;

-- now: The server's clock, in UTC microseconds since 1970.
SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint;
