"""
What an operator looks at before he trusts an installation, and at night: one finding a line, with what to do.

``everything`` runs it all; ``watch`` is what the daemon itself keeps an eye on.
"""
