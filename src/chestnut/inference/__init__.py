"""From a run folder to predictions and evaluations. Only `bundle` reads and writes a bundle."""
