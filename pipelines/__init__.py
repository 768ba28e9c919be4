"""How and when it runs: definitions, jobs, settings and the command line."""
