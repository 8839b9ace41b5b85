"""The lung field of a chest image: where the lungs lie, found by a small network that comes with chestnut."""
