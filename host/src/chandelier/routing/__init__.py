"""From Discord to a plugin and back: commands, events and components."""
