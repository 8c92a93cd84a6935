import sched, time, signal, contextvars, timeit, cProfile, pstats, io, profile
s, log = sched.scheduler(time.monotonic, time.sleep), []
s.enter(0.03, 1, log.append, ("late",)); s.enter(0.01, 1, log.append, ("early",)); e = s.enter(0.02, 1, log.append, ("never",)); s.cancel(e); s.run(); print(log, s.empty())
v = contextvars.ContextVar("v", default=0); t = v.set(5); print(v.get(), contextvars.copy_context().run(lambda: (v.set(9), v.get())[1]), v.get()); v.reset(t); print(v.get())
print(timeit.timeit("1 + 1", number=10) >= 0, time.perf_counter() <= time.perf_counter(), time.time_ns() > 0, time.process_time() >= 0, time.thread_time() >= 0)
p = cProfile.Profile(); p.enable(); sum(range(10)); p.disable(); o = io.StringIO(); pstats.Stats(p, stream=o).sort_stats("cumulative").print_stats(3); print("function calls" in o.getvalue())
print(signal.SIGINT.name, signal.getsignal(signal.SIGINT) is not None)
