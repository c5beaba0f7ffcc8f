"""What is happening in the processes of a service. Each process answers over a socket of its own."""
