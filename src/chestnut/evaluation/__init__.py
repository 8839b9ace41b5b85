"""From targets and probabilities to metrics with intervals, curves and figures. No framework is imported here."""
