"""Who changed what and when, of everything that keeps its past versions, for admins: in the API and as a page of the admin site."""
