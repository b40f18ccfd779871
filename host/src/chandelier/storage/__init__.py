"""Where what must survive is kept: the database, its migrations, its backups, and guild settings."""
