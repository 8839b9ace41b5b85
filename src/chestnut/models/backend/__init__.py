"""The library that Keras computes with: which are installed, and which one this machine should use."""
