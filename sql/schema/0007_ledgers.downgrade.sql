DROP TABLE rejected_rows;
DROP TABLE ingested_files;
DROP TABLE job_runs;
