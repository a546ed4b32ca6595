"""Just enough of torch to run load_compact.py without it: modules know names and shapes, not numbers."""
from . import nn
