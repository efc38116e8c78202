"""What the documents of the API say: every door and call, their parameters, answers and limits."""
