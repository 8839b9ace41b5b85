"""The commands that train networks, one or many, and list what was trained."""
