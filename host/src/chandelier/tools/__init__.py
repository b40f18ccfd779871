"""Tools for those who write plugins and translations; nothing here is part of a running bot."""
