"""Training of the steering branch: scenes, sentences, targets, losses, and a resumable loop.

`damage`, `scenes` and `targets` need no Jittor beyond the exact network's; `trainer` does.
"""
