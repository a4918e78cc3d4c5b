"""The command line, one verb a file: `SUMMARY`, `EXAMPLES`, `add_arguments` and `run`."""
