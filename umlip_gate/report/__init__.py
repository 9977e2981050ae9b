"""What a run says: the table, the results file."""
