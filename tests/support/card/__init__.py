"""A card in software, and the real PC/SC service that takes it for a card in a reader."""
