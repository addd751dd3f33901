-- vacuum: Clear away dead rows and renew statistics, where no autovacuum does it.
VACUUM (ANALYZE) daily_metrics, stale_days, accounts, ingested_files, ticket_ranges, forecasts, forecast_outcomes, rescoring;

-- due_chunks: Chunks of some tables that are old enough for the columnstore, and that are not, or no longer, compressed.
SELECT format('%I.%I', c.chunk_schema, c.chunk_name) AS chunk
FROM timescaledb_information.chunks c
JOIN _timescaledb_catalog.chunk k ON k.schema_name = c.chunk_schema AND k.table_name = c.chunk_name
LEFT JOIN timescaledb_information.jobs j
    ON j.hypertable_schema = c.hypertable_schema
    AND j.hypertable_name = c.hypertable_name
    AND j.proc_name IN ('policy_compression', 'policy_columnstore')
WHERE c.hypertable_name = ANY (CAST(:tables AS text[]))
  AND c.range_end < now() - coalesce(j.config ->> 'after', j.config ->> 'compress_after', '14 days')::interval
  AND (NOT c.is_compressed OR k.status & 8 = 8) -- 8: rows were added after it was compressed
ORDER BY c.range_start;

-- compress_chunk: Move one chunk to the columnstore.
CALL convert_to_columnstore(CAST(:chunk AS regclass), if_not_columnstore => true);

-- note_retention: From when on raw data will be there in full, before older chunks are dropped.
INSERT INTO retention_limits AS l (hypertable, kept_since)
SELECT hypertable_name, max(range_end)
FROM timescaledb_information.chunks
WHERE hypertable_schema = 'public'
  AND hypertable_name IN ('trades', 'equity')
  AND range_end <= now() - make_interval(days => :days)
GROUP BY hypertable_name
ON CONFLICT (hypertable) DO UPDATE
SET kept_since = greatest(l.kept_since, excluded.kept_since);

-- drop_old_chunks: Drop raw chunks past their retention.
SELECT drop_chunks('trades', older_than => now() - make_interval(days => :days))
UNION ALL
SELECT drop_chunks('equity', older_than => now() - make_interval(days => :days));

-- table_sizes: Weight and compression of the hypertables.
SELECT h.hypertable_name                                               AS "table",
       h.num_chunks::integer                                           AS chunks,
       coalesce(s.number_compressed_chunks, 0)::integer                AS compressed_chunks,
       coalesce((SELECT sum(CASE WHEN c.is_compressed THEN z.numrows_pre_compression
                                 WHEN r.reltuples < 0 THEN pg_relation_size(r.oid) / 128 -- nobody has counted yet
                                 ELSE approximate_row_count(r.oid::regclass) END)
                 FROM timescaledb_information.chunks c
                 JOIN _timescaledb_catalog.chunk k ON k.schema_name = c.chunk_schema AND k.table_name = c.chunk_name
                 JOIN pg_class r ON r.oid = format('%I.%I', c.chunk_schema, c.chunk_name)::regclass
                 LEFT JOIN _timescaledb_catalog.compression_chunk_size z ON z.chunk_id = k.id
                 WHERE c.hypertable_schema = h.hypertable_schema AND c.hypertable_name = h.hypertable_name), 0)::bigint AS rows,
       s.before_compression_total_bytes::bigint                        AS before,
       s.after_compression_total_bytes::bigint                         AS after,
       coalesce(hypertable_size(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass), 0)::bigint AS total
FROM timescaledb_information.hypertables h
LEFT JOIN LATERAL hypertable_columnstore_stats(format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass) AS s ON true
WHERE h.hypertable_schema = 'public' AND h.hypertable_name IN ('trades', 'equity', 'daily_metrics')
ORDER BY h.hypertable_name DESC;
