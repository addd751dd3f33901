-- The roles stay: they belong to the whole server, and other databases may use them.

ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM timeseries_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA plain REVOKE SELECT ON TABLES FROM timeseries_reader;
REVOKE ALL ON ALL TABLES IN SCHEMA public, plain FROM timeseries_reader;
REVOKE ALL ON SCHEMA public, plain FROM timeseries_reader;
DROP SCHEMA dashboard CASCADE;
DROP SCHEMA visible CASCADE;
ALTER TABLE alerts DROP COLUMN counterparts;
