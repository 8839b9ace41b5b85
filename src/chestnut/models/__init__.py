"""Networks, made from a recipe's `[model]` table. Every network takes grey values 0..255 and returns logits."""
