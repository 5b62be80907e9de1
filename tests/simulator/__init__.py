"""The simulator judged by a client made by hand from signxml, which shares no code with the connector."""
