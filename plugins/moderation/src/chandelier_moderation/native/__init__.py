"""Rules in Discord's own AutoMod: what it can express is kept there too, so that a message never appears."""
