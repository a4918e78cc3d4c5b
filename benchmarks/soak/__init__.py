"""The page under load and under attack from its own machine, each a command.

`python -m benchmarks.soak` many visitors while workers are killed; `benchmarks.soak.growth` memory
over many fusions; `benchmarks.soak.sudden_death` `kill -9` of the server at random moments.
"""
