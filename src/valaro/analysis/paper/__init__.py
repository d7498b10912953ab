"""What the paper prints and claims, and how ours stands beside it: numbers, no words."""
