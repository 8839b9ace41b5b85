"""From a run folder to predictions. `bundle` alone reads and writes a bundle."""
