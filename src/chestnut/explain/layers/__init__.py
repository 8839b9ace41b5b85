"""What the layers of a network saw of an image: its maps, one layer after another."""
