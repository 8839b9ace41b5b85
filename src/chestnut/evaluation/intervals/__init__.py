"""Intervals of figures whose images come from patients: each kind of figure by the way that covers it."""
