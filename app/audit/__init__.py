"""The audit log: who did or saw what, when, why and from where; append-only and sealed."""
