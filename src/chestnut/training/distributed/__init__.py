"""Train one network on several devices and hosts."""
