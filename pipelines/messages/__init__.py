"""Messages about a night: what is told to whom, by mail and webhook, each once."""
