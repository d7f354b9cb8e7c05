"""Backup and restore: rows in a portable form, the objects, and the key if it is asked for."""
