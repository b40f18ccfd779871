"""What the host gives a plugin besides storage: durable timers, the outbox, HTTP, and who may do what."""
