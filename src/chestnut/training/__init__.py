"""The one training loop, what feeds it, and what it leaves behind in a run folder."""
