import threading

done = []
worker = threading.Thread(target=lambda: done.append("worker"))
worker.start()
done.append("main")
worker.join()
done
