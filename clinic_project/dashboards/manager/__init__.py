"""The manager's pages: the day's figures, reports, and the setting up of a clinic without Django admin."""
