"""What models cost, for people and programs: the spend, and the budgets that bound it."""
