"""The notebook part, in real kernels and real shells."""
