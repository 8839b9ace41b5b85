"""The run folder: what stands where, its typed record, and its table of predictions."""
