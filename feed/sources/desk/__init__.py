"""What sources say, judged before it is told."""
