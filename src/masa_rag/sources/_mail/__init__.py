"""Reads mails: mailboxes, single mails, and what in them was written by who sent them."""
