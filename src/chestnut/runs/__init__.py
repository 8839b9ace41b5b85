"""The run folder: its files, its typed record, its ledger, and its table of predictions."""
