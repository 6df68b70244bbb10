# Built when HEADLIGHT_GUI is on.
