"""What is done to many at once or to a whole channel: batches, their undoing, lockdown and slowmode."""
