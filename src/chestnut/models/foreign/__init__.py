"""Networks that other programs saved with Keras: what is accepted of them, and how they become chestnut's own."""
