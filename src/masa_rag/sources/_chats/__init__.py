"""What the readers of chats and forums share: messages, files, fields, days."""
