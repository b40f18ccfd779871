"""Acting on members: carrying out what cases say, ending what was for a time, and the commands for both."""
