#!/bin/sh
# Runs once, when the data directory is new: the engine's role, which owns the database, one that only reads, and the
# roles that reading transactions of the engine take.
set -eu
psql --set ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set database="$POSTGRES_DB" --set engine="$ENGINE_PASSWORD" --set reader="$READER_PASSWORD" <<'SQL'
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE ROLE timeseries LOGIN PASSWORD :'engine';
ALTER DATABASE :"database" OWNER TO timeseries;
ALTER SCHEMA public OWNER TO timeseries;
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;

CREATE ROLE timeseries_reader NOLOGIN;
CREATE ROLE timeseries_scoped_reader NOLOGIN;
GRANT timeseries_reader, timeseries_scoped_reader TO timeseries WITH SET TRUE, INHERIT FALSE;

CREATE ROLE reader LOGIN PASSWORD :'reader' CONNECTION LIMIT 20;
GRANT CONNECT ON DATABASE :"database" TO reader;
GRANT timeseries_reader TO reader;
ALTER ROLE reader SET default_transaction_read_only = on;
ALTER ROLE reader SET statement_timeout = '30s';
SQL
