new Worker('x')
