"""The daemon: a poller per lane, senders that do only HTTP, one completer, and what time brings."""
