"""Decode every image once, and keep the pixels on disk for later runs."""
