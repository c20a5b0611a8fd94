"""The use cases behind the commands: everything below is put together here."""
