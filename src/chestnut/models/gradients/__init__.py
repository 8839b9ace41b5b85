"""What a network computes on the way to its logits, and how the logits follow from it."""
