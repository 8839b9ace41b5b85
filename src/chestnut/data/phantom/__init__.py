"""Draw synthetic chest radiographs with known lesions, for tests and for trying the software."""
