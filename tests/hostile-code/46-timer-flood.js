await new Promise(() => { const more = () => { setTimeout(more, 0); setImmediate(more); }; more(); })
