"""What people look at: pictures and tables of energy, made with pandas and matplotlib."""
