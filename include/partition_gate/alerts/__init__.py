"""What producers and consumers are sent: messages as Slack blocks. Pure."""
