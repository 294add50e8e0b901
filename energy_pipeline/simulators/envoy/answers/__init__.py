"""What a modelled gateway says at each path; every module is one process or one kind of device."""
