"""The pages of the staff: log-in, reception, doctor. They read snapshots and call actions; they hold no rules of their own."""
