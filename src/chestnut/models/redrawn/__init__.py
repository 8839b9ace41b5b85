"""Networks whose weights are drawn anew, to see what of their answers depends on them."""
