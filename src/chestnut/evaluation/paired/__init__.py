"""Tests of two networks on the same images."""
