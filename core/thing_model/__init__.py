"""What a device is and how it speaks: frozen values and pure functions, no input or output."""
