"""What is done to many at once, or to a whole channel: batches of bans, their undoing, lockdown and slowmode."""
