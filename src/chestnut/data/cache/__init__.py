"""Decode every image once and keep the pixels memory-mapped on disk for later runs."""
