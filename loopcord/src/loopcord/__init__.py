"""loopcord: a local Discord on loopback."""
