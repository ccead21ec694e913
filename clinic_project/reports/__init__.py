"""Reports over any range of days: read-only questions to the database, the same for the API, the pages and the CSV files."""
