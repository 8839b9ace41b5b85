"""Build networks from the `[model]` table of a recipe. Every network takes grey values 0..255 and returns logits."""
