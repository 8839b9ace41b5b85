"""Named shifts of image style, what they do to a network, and operating points that hold under them."""
