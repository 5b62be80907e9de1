"""The demonstration: a small MedWorkS, doctors who log in, and scenes that show each promise kept."""
