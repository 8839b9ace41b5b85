"""Checklists for papers, item by item: what a run and its study.toml answer, and what is still to be written."""
