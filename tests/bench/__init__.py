"""The benchmark, a program (`python -m tests.bench`): every figure is a ratio of two things measured in one run."""
