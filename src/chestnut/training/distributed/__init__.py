"""Train on several devices and hosts."""
