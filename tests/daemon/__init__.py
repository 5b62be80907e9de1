"""The daemon's parts that work beside the lanes."""
