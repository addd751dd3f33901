-- A file may be loaded by several workers, each with the accounts of its own part: each keeps its own place.

CREATE TABLE ingested_file_parts (
    file_id        bigint   NOT NULL REFERENCES ingested_files ON DELETE CASCADE,
    part           smallint NOT NULL CHECK (part >= 0),
    position       bigint   NOT NULL DEFAULT 0, -- records of the file that this part is done with, other parts' included
    rows_read      bigint   NOT NULL DEFAULT 0, -- this part's own among them
    rows_new       bigint   NOT NULL DEFAULT 0,
    rows_duplicate bigint   NOT NULL DEFAULT 0,
    rows_corrected bigint   NOT NULL DEFAULT 0,
    rows_cancelled bigint   NOT NULL DEFAULT 0,
    rows_rejected  bigint   NOT NULL DEFAULT 0,
    PRIMARY KEY (file_id, part)
);
INSERT INTO ingested_file_parts (file_id, part, position, rows_read, rows_new, rows_duplicate, rows_rejected)
SELECT file_id, 0, rows_read, rows_read, rows_new, rows_duplicate, rows_rejected
FROM ingested_files;

ALTER TABLE ingested_files
    DROP COLUMN rows_read,
    DROP COLUMN rows_new,
    DROP COLUMN rows_duplicate,
    DROP COLUMN rows_rejected,
    ADD COLUMN first_seen_at timestamptz NOT NULL DEFAULT now();
UPDATE ingested_files SET first_seen_at = started_at;
COMMENT ON COLUMN ingested_files.first_seen_at IS 'Dates the rows that the source itself does not date; unlike started_at it stays when the file is read again.';
