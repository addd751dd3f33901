ALTER TABLE ingested_files
    DROP COLUMN first_seen_at,
    ADD COLUMN rows_read      bigint NOT NULL DEFAULT 0,
    ADD COLUMN rows_new       bigint NOT NULL DEFAULT 0,
    ADD COLUMN rows_duplicate bigint NOT NULL DEFAULT 0,
    ADD COLUMN rows_rejected  bigint NOT NULL DEFAULT 0;

UPDATE ingested_files f
SET rows_read      = p.rows_read,
    rows_new       = p.rows_new + p.rows_corrected + p.rows_cancelled,
    rows_duplicate = p.rows_duplicate,
    rows_rejected  = p.rows_rejected
FROM (
    SELECT file_id, sum(rows_read) AS rows_read, sum(rows_new) AS rows_new, sum(rows_corrected) AS rows_corrected,
           sum(rows_cancelled) AS rows_cancelled, sum(rows_duplicate) AS rows_duplicate, sum(rows_rejected) AS rows_rejected
    FROM ingested_file_parts
    GROUP BY file_id
) AS p
WHERE f.file_id = p.file_id;

DROP TABLE ingested_file_parts;
