"""Networks whose weights are shuffled, to see what of their answers depends on them."""
