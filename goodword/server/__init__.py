"""What runs the product: settings, addresses, command line, embedded database, processes, demo."""
