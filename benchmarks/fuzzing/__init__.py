"""Hostile input at the readers and at the running page.

`python -m benchmarks.fuzzing TARGET` lets coverage guide the mutations of one reader's input;
`python -m benchmarks.fuzzing.hostile` sends mutated images and odd texts to a real page.
"""
