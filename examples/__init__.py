"""Pairs of images to try: pictures, where they come from, and results computed beforehand.

`examples/<task>/<name>/` holds `a.png`, `b.png` and `example.json`, made by
`python -m examples.render`, and `fused.png`, `result.json` and `attention-*.png`, made by
`python -m examples.precompute`.
"""
