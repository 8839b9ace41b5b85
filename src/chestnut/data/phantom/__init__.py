"""Synthetic chest radiographs with known lesions, for trying the software and for tests."""
