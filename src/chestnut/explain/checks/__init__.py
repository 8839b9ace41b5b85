"""Whether maps are worth anything: where they lie, whether they depend on the network, and what their places do."""
