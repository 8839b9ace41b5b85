"""The audit table: who asked for which prediction, what was answered, and what a reviewer said of it."""
