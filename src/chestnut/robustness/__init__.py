"""Named shifts of image style, their effect on a network, and operating points that survive them."""
