"""The code that draws the examples: one scene a file, on a small path tracer of our own."""
