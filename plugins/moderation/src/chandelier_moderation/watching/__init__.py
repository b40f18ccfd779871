"""What happens in a server, told in its log: deletions, edits, who comes and goes, roles, names, channels."""
