-- claim_file: Enter a file into the ledger, if it is not there.
INSERT INTO ingested_files (kind, name, sha256)
VALUES (:kind, :name, :sha256)
ON CONFLICT (kind, sha256) DO NOTHING;

-- lock_file: Where a file's load stands; two commands that begin to load the same file take turns.
SELECT file_id,
       state,
       (extract(epoch FROM first_seen_at) * 1000000)::bigint AS first_seen,
       (extract(epoch FROM now()) * 1000000)::bigint         AS now
FROM ingested_files
WHERE kind = :kind AND sha256 = :sha256
FOR UPDATE;

-- begin_parts: Enter the parts that a file is loaded in, if it has none yet.
INSERT INTO ingested_file_parts (file_id, part)
SELECT :file_id, part
FROM generate_series(0, :parts - 1) AS part
WHERE NOT EXISTS (SELECT FROM ingested_file_parts WHERE file_id = :file_id)
ON CONFLICT DO NOTHING;

-- file_parts: How far the parts of a file are, and what became of their rows.
SELECT count(*)                          AS parts,
       coalesce(min(position), 0)        AS position,
       coalesce(sum(rows_read), 0)       AS rows_read,
       coalesce(sum(rows_new), 0)        AS rows_new,
       coalesce(sum(rows_duplicate), 0)  AS rows_duplicate,
       coalesce(sum(rows_corrected), 0)  AS rows_corrected,
       coalesce(sum(rows_cancelled), 0)  AS rows_cancelled,
       coalesce(sum(rows_rejected), 0)   AS rows_rejected
FROM ingested_file_parts
WHERE file_id = :file_id;

-- lock_part: How far one part is; two loads of the same file take turns batch by batch.
SELECT position
FROM ingested_file_parts
WHERE file_id = :file_id AND part = :part
FOR UPDATE;

-- restart_file: Begin a file again that had rejected rows: what they lacked may have come since.
UPDATE ingested_files
SET state = 'loading', name = :name, started_at = now(), finished_at = NULL
WHERE file_id = :file_id;

-- forget_parts: The file is counted anew.
DELETE FROM ingested_file_parts WHERE file_id = :file_id;

-- forget_rejected_rows: Empty a file's quarantine before it is read again.
DELETE FROM rejected_rows WHERE file_id = :file_id;

-- advance_part: Count a batch, in the transaction that brings its rows.
UPDATE ingested_file_parts
SET position       = :position,
    rows_read      = rows_read + :rows_read,
    rows_new       = rows_new + :rows_new,
    rows_duplicate = rows_duplicate + :rows_duplicate,
    rows_corrected = rows_corrected + :rows_corrected,
    rows_cancelled = rows_cancelled + :rows_cancelled,
    rows_rejected  = rows_rejected + :rows_rejected
WHERE file_id = :file_id AND part = :part;

-- finish_file: All of the file is in.
UPDATE ingested_files
SET state = 'loaded', finished_at = clock_timestamp()
WHERE file_id = :file_id;

-- copy_rejected_rows: Rows for the quarantine.
COPY rejected_rows (file_id, line, column_name, reason, content) FROM STDIN (FORMAT csv);

-- rejected_rows: The quarantine, newest file first; of one file when given.
SELECT f.name AS file, f.kind, r.line, r.column_name, r.reason, r.content, r.rejected_at
FROM rejected_rows r
JOIN ingested_files f USING (file_id)
WHERE CAST(:file AS text) IS NULL OR f.name = :file
ORDER BY r.file_id DESC, r.line
LIMIT :limit;

-- ingested_files: The ledger, newest first.
SELECT f.name,
       f.kind,
       f.state,
       coalesce(sum(p.rows_read), 0)::bigint      AS rows_read,
       coalesce(sum(p.rows_new), 0)::bigint       AS rows_new,
       coalesce(sum(p.rows_duplicate), 0)::bigint AS rows_duplicate,
       coalesce(sum(p.rows_corrected), 0)::bigint AS rows_corrected,
       coalesce(sum(p.rows_cancelled), 0)::bigint AS rows_cancelled,
       coalesce(sum(p.rows_rejected), 0)::bigint  AS rows_rejected,
       f.started_at,
       f.finished_at
FROM ingested_files f
LEFT JOIN ingested_file_parts p USING (file_id)
GROUP BY f.file_id
ORDER BY f.file_id DESC;
