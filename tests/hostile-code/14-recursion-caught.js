let caught; const deeper = () => deeper(); try { deeper() } catch (error) { caught = error.name } caught
