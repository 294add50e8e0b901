"""What several processes must agree on: the state database, locks, request quotas."""
