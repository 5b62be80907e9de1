"""The EESZT side: tokens from the STS, message security, transport, the breaker, and what an answer means."""
