// The clock of code begins at one time, so that a run can be done again.
new Date().toISOString().slice(0, 10);
