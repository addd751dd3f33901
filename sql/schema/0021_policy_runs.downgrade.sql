-- Without it every policy counts as never run.

DROP TABLE policy_runs;
