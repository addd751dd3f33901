-- extension_version: Version of TimescaleDB in this database; no row without it.
SELECT extversion FROM pg_extension WHERE extname = 'timescaledb';

-- license: Which edition runs: timescale (Community) or apache.
SELECT current_setting('timescaledb.license', true);

-- moment: A time that somebody gives, or else the database's.
SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp());

-- forget_ladder: After the last rung is taken down, nothing of ours stays.
DROP TABLE IF EXISTS alembic_version;
