"""The benchmark: what one answer costs, from its last byte to the picture, beside google-genai and the limit.

Absolute times drift from machine to machine and from minute to minute, so every round runs all
contenders one after another, each in a fresh process, and what counts are ratios of medians.
Run it with `python -m tests.bench`; under pytest only its facts about memory are checked.
"""
