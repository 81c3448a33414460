"""Messages to producers and consumers, as Slack blocks. Pure."""
