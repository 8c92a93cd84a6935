await new Promise(done => setTimeout(done, 3600_000)); 'slept'
