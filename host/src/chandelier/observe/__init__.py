"""What an operator can see of a running host: logs, and what is kept out of them."""
