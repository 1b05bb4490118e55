"""Tests. They mirror the package; `browser` drives real front ends, and `full` marks the long campaigns."""
