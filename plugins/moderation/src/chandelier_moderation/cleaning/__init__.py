"""Cleaning: `/purge` deletes many messages of a channel, with a preview before and an exact account after."""
