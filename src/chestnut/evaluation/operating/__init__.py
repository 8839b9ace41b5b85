"""Thresholds: the rules that choose them, and what a chosen one promises."""
