"""What is the embedded database's own."""
